import type { Clock } from '../../clock.ts';
import { createControlChannel, type ControlChannel } from './control-channel.ts';
import type { Pushed } from './push.ts';
import type { ControlMessage, SessionId } from './wire.ts';

/** The server's end of a handshake, and of what is said afterwards. */
export interface ServerSession {
  readonly client: SessionId;
  /** Null until both sides have keys. */
  readonly keys: string | null;
  receive(message: ControlMessage): void;
  push(pushed: Pushed): void;
  close(): void;
}

export interface SessionOptions {
  readonly clock: Clock;
  readonly own: SessionId;
  readonly client: SessionId;
  /** Whether the resets have been exchanged before anything was kept of the client. */
  readonly stateless: boolean;
  readonly lossy: boolean;
  readonly transmit: (message: ControlMessage) => void;
  readonly say: (line: string) => void;
  readonly negotiated: () => void;
  readonly pushRequested: () => void;
  /** The handshake took too long. */
  readonly failed: () => void;
}

/** Seconds: `--hand-window`, its default. */
const handWindow = 60;

export function createServerSession(options: SessionOptions): ServerSession {
  const { clock, own, client, stateless, lossy, transmit, say } = options;
  let keysSent = false;
  let keys: string | null = null;
  const cancel = clock.after(handWindow, () => {
    say(
      `TLS Error: TLS key negotiation failed to occur within ${handWindow} seconds (check your network connectivity)`,
    );
    say('TLS Error: TLS handshake failed');
    options.failed();
  });
  const channel: ControlChannel = createControlChannel({
    clock,
    session: own,
    remoteSession: client,
    next: stateless ? 1 : 0,
    lossy,
    transmit,
    received: (body) => {
      switch (body.kind) {
        case 'client-reset':
          channel.send({ kind: 'server-reset' });
          return;
        case 'client-hello':
          channel.send({ kind: 'server-hello' });
          return;
        case 'client-keys':
          say('VERIFY OK: depth=0, CN=client');
          keysSent = true;
          channel.send({ kind: 'server-ticket' });
          channel.send({ kind: 'server-keys' });
          return;
        case 'push-request':
          options.pushRequested();
          return;
        case 'server-reset':
        case 'server-hello':
        case 'server-ticket':
        case 'server-keys':
        case 'push-reply':
      }
    },
    allAcknowledged: () => {
      if (!keysSent || keys !== null) return;
      cancel();
      keys = `${client}, ${own}`;
      options.negotiated();
    },
  });
  return {
    client,
    get keys() {
      return keys;
    },
    receive: (message) => {
      channel.receive(message);
    },
    push: (pushed) => {
      channel.send({ kind: 'push-reply', pushed });
    },
    close: () => {
      cancel();
      channel.close();
    },
  };
}
