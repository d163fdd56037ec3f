import type { Answer, DnsServer, Request } from '../../backend/service.ts';
import { formatIPv4, parseIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import type { Payload } from '../packet.ts';
import { closeUdp, connectUdp, openUdp, sendUdp, type Datagram, type UdpSocket } from '../sockets/udp.ts';
import { requireUdp } from './requirements.ts';
import type { Running } from './running.ts';

/** Seconds that the client waits; it asks once. */
const patience = 2;

/**
 * Bytes of a question for an A record (RFC 1035, 4.1: header 12, name, type and class 4), with the EDNS record that dig
 * adds (RFC 6891: 11), and its cookie (RFC 7873: 4 + 8).
 */
const questionLength = (name: string): number => 12 + (name.length + 2) + 4 + 11 + 12;
/** The answer repeats the question and gives a record with a compressed name (16); its EDNS record has no cookie. */
const answerLength = (name: string): number => questionLength(name) - 12 + 16;

interface Question {
  readonly kind: 'question';
  readonly id: number;
  readonly name: string;
}

interface Reply {
  readonly kind: 'reply';
  readonly id: number;
  /** Null: there is no such name, or nobody to ask for it. */
  readonly address: string | null;
}

/**
 * A name server: a socket for each address, or one that answers with the address that was asked, and leaves the interface to
 * routing (IP_PKTINFO).
 */
export function serveDns(host: Host, { name, port, binding, addresses, records }: DnsServer): Running {
  const said = ['started'];
  const answer = ({ packet }: Datagram, send: (payload: Payload) => void): void => {
    const question = packet.payload.content as Question | undefined;
    if (question?.kind !== 'question') return;
    const address = records[question.name] ?? null;
    said.push(`query[A] ${question.name} from ${formatIPv4(packet.source)}`);
    said.push(`config ${question.name} is ${address ?? 'REFUSED'}`);
    const content: Reply = { kind: 'reply', id: question.id, address };
    send({ length: address === null ? questionLength(question.name) : answerLength(question.name), content });
  };
  const sockets: UdpSocket[] = [];
  const close = (): void => {
    for (const socket of sockets) closeUdp(host, socket);
  };
  const open = (address: number): void => {
    const socket = requireUdp(host, name, {
      address,
      port,
      wantsInfo: address === 0,
      receive: (datagram) => {
        const { packet, info: received } = datagram;
        const to = { address: packet.source, port: packet.sourcePort };
        const info = received && { source: received.destination, device: null };
        answer(datagram, (payload) => {
          sendUdp(host, socket, payload, to, info);
        });
      },
    });
    sockets.push(socket);
  };
  try {
    for (const address of binding === 'pktinfo' ? [0] : addresses.map(parseIPv4)) open(address);
  } catch (error) {
    close();
    throw error;
  }
  return { said: () => said, stop: close };
}

/** Asks once from a connected socket, which takes no answer from another address than it asked. */
export function resolveName(
  host: Host,
  { server, port, sourcePort, name, address }: Extract<Request, { kind: 'dns' }>,
  done: (answer: Answer) => void,
): void {
  const id = host.random.below(0x10000);
  let cancel: (() => void) | null = null;
  const finish = (accepted: boolean, line: string): void => {
    cancel?.();
    if (socket) closeUdp(host, socket);
    done({ accepted, said: [line], bytes: null });
  };
  const socket = openUdp(host, {
    port: sourcePort,
    receive: ({ packet }) => {
      const reply = packet.payload.content as Reply | undefined;
      if (reply?.kind !== 'reply' || reply.id !== id) return;
      finish(reply.address === address, reply.address ?? ';; status: REFUSED');
    },
    refused: () => {
      finish(false, `;; communications error to ${server}#${port}: connection refused`);
    },
  });
  const error = socket ? connectUdp(host, socket, parseIPv4(server), port) : 'EADDRINUSE';
  if (!socket || error !== null) {
    finish(false, `;; connect: ${String(error)}`);
    return;
  }
  cancel = host.clock.after(patience, () => {
    finish(false, `;; communications error to ${server}#${port}: timed out`);
  });
  sendUdp(host, socket, questionFor(name, id), null);
}

/** What a resolver sends to ask for a name's address. */
export function questionFor(name: string, id: number): Payload {
  const content: Question = { kind: 'question', id, name };
  return { length: questionLength(name), content };
}
