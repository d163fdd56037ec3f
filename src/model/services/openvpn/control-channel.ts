import type { Clock } from '../../clock.ts';
import type { Body, ControlMessage, SessionId } from './wire.ts';

/** One end of a session's control channel: messages that come in order, and are sent until they are acknowledged. */
export interface ControlChannel {
  readonly session: SessionId;
  /** Null: the other side hasn't been heard of. */
  readonly remoteSession: SessionId | null;
  send(body: Body): void;
  receive(message: ControlMessage): void;
  /** Sends no more. */
  close(): void;
}

export interface ChannelOptions {
  readonly clock: Clock;
  readonly session: SessionId;
  readonly remoteSession: SessionId | null;
  /** The number of what is sent and expected next: 1 where both sides' resets went without a channel. */
  readonly next: 0 | 1;
  /** Whether messages may be lost on their way. Over TCP, nothing is sent again. */
  readonly lossy: boolean;
  readonly transmit: (message: ControlMessage) => void;
  /** Hears what the other side says, in order. */
  readonly received: (body: Body) => void;
  /** All that was sent has been acknowledged. */
  readonly allAcknowledged: () => void;
}

/** Seconds until a message is sent again (`--tls-timeout 1`); the wait doubles each time. */
const firstTimeout = 1;
/** Acknowledgements in a message, at most; there is room for older ones, which are repeated in case they were lost. */
const mostAcknowledged = 4;

export function createControlChannel(options: ChannelOptions): ControlChannel {
  const { clock, session, lossy, transmit } = options;
  let { remoteSession } = options;
  let nextNumber: number = options.next;
  let expected: number = options.next;
  /** What was sent and not acknowledged, by number: how to call off that it is sent again. */
  const outstanding = new Map<number, () => void>();
  /** What has come before its turn. */
  const early = new Map<number, Body>();
  let latest: readonly number[] = [];
  let owed = false;
  let open = true;

  const emit = (content: ControlMessage['content']): void => {
    owed = false;
    transmit({ kind: 'control', session, remoteSession, acknowledged: latest.slice(0, mostAcknowledged), content });
  };
  const sendUntilAcknowledged = (number: number, body: Body, timeout: number): void => {
    if (lossy) {
      const cancel = clock.after(timeout, () => {
        sendUntilAcknowledged(number, body, 2 * timeout);
      });
      outstanding.set(number, cancel);
    } else outstanding.set(number, () => undefined);
    emit({ number, body });
  };
  const takeAcknowledgements = (numbers: readonly number[]): void => {
    const some = numbers.filter((number) => outstanding.has(number));
    for (const number of some) {
      outstanding.get(number)?.();
      outstanding.delete(number);
    }
    if (some.length > 0 && outstanding.size === 0) options.allAcknowledged();
  };
  const deliver = (): void => {
    for (;;) {
      const body = early.get(expected);
      if (!body || !open) return;
      early.delete(expected);
      expected += 1;
      options.received(body);
    }
  };
  return {
    session,
    get remoteSession() {
      return remoteSession;
    },
    send: (body) => {
      if (!open) return;
      sendUntilAcknowledged(nextNumber++, body, firstTimeout);
    },
    receive: ({ session: from, remoteSession: to, acknowledged, content }) => {
      if (!open || (to !== null && to !== session)) return;
      remoteSession ??= from;
      if (from !== remoteSession) return;
      if (content) {
        latest = [content.number, ...latest.filter((number) => number !== content.number)].slice(0, 8);
        owed = true;
        if (content.number >= expected) early.set(content.number, content.body);
      }
      takeAcknowledgements(acknowledged);
      deliver();
      // An answer has carried the acknowledgement along, or it goes alone.
      if (owed) emit(null);
    },
    close: () => {
      open = false;
      owed = false;
      for (const cancel of outstanding.values()) cancel();
      outstanding.clear();
    },
  };
}
