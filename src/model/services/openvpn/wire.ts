import { lengthOf, type Packet, type Payload } from '../../packet.ts';
import { pushText, type Pushed } from './push.ts';

/**
 * What OpenVPN's peers send each other. Of the contents, only what decides about the course of a session is modelled: there is
 * no cryptography, and certificates are always right. Lengths are those of OpenVPN 2.6 with elliptic-curve certificates
 * and TLS 1.3, where signatures vary by a few bytes from one handshake to another.
 */
export type Message = ControlMessage | DataMessage;

/** Eight bytes, as they are printed: `9fce2a21 7f02a5e1`. */
export type SessionId = string;

export interface ControlMessage {
  readonly kind: 'control';
  readonly session: SessionId;
  /** The receiver's, where something is acknowledged. */
  readonly remoteSession: SessionId | null;
  /** Numbers of messages that have come, the latest first. */
  readonly acknowledged: readonly number[];
  /** Its own number, and what it says; null: it only acknowledges. */
  readonly content: { readonly number: number; readonly body: Body } | null;
}

export interface DataMessage {
  readonly kind: 'data';
  /** The number that the server knows the client by. */
  readonly peer: number;
  /** The keys that it is encrypted with: they belong to a pair of sessions. */
  readonly keys: string;
  /** Null: a ping. */
  readonly packet: Packet | null;
}

export type Body =
  | { readonly kind: 'client-reset' | 'server-reset' }
  | { readonly kind: 'client-hello' | 'server-hello' | 'client-keys' | 'server-ticket' | 'server-keys' }
  | { readonly kind: 'push-request' }
  | { readonly kind: 'push-reply'; readonly pushed: Pushed };

/** What TLS 1.3 adds to a line of text (RFC 8446, 5.2: header, type, tag), and the zero at its end. */
const recordOverhead = 5 + 1 + 16 + 1;

function lengthOfBody(body: Body): number {
  switch (body.kind) {
    case 'client-reset':
    case 'server-reset':
      return 0;
    case 'client-hello':
      return 277;
    case 'server-hello':
      return 818;
    case 'client-keys':
      return 976;
    case 'server-ticket':
      return 158;
    case 'server-keys':
      return 200;
    case 'push-request':
      return 'PUSH_REQUEST'.length + recordOverhead;
    case 'push-reply':
      return pushText(body.pushed).length + recordOverhead;
  }
}

/** Opcode, session, count of acknowledgements; each of those, and the session they are for; the message's number. */
function lengthOfControl({ acknowledged, content }: ControlMessage): number {
  const head = 1 + 8 + 1 + (acknowledged.length > 0 ? 4 * acknowledged.length + 8 : 0);
  return content ? head + 4 + lengthOfBody(content.body) : head;
}

/** Opcode and peer's number, packet's number, and the tag of AES-GCM. */
const dataOverhead = 4 + 4 + 16;
/** Bytes of the string that a ping consists of. */
const pingLength = 16;

export function payloadOf(message: Message): Payload {
  if (message.kind === 'control') return { length: lengthOfControl(message), content: message };
  const inside = message.packet ? lengthOf(message.packet) : pingLength;
  return { length: dataOverhead + inside, content: message };
}

/** What a datagram or a segment says, if it is OpenVPN's. */
export function messageIn({ content }: Payload): Message | null {
  const message = content as Message | undefined;
  return message?.kind === 'control' || message?.kind === 'data' ? message : null;
}
