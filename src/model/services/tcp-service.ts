import type { Host } from '../host.ts';
import { abort, closeListener, connect, end, type TcpConnection, type TcpEvents } from '../sockets/tcp.ts';
import { requireListener } from './requirements.ts';
import type { Running } from './running.ts';

/** A server that has a program of its own for each connection. */
export function serveTcp(
  host: Host,
  name: string,
  { address = 0, port }: { readonly address?: number; readonly port: number },
  said: readonly string[],
  accept: (connection: TcpConnection) => TcpEvents,
): Running {
  const listener = requireListener(host, name, { address, port, accept });
  return {
    said: () => said,
    stop: () => {
      closeListener(host, listener);
    },
  };
}

export interface Conversation {
  readonly address: number;
  readonly port: number;
  readonly sourcePort: number;
  /** Seconds for the connection to be there, and seconds of silence after which the client gives up. */
  readonly connectPatience: number;
  readonly silence: number;
  readonly connected?: (connection: TcpConnection) => void;
  /** Returns whether the client has had all it wants. */
  readonly received: (bytes: number, content: unknown) => boolean;
  /** Called once; `why` says what went wrong, and is null if the server has said all, or the client had all it wants. */
  readonly finished: (why: string | null) => void;
}

/** A client that connects, listens, and gives up when nothing comes. */
export function converse(host: Host, options: Conversation): void {
  const { address, port, sourcePort, connectPatience, silence } = options;
  let cancel: (() => void) | null = null;
  let over = false;
  const finish = (why: string | null): void => {
    if (over) return;
    over = true;
    cancel?.();
    options.finished(why);
  };
  const wait = (seconds: number, give: () => void): void => {
    cancel?.();
    cancel = host.clock.after(seconds, give);
  };
  const listenOn = (): void => {
    wait(silence, () => {
      end(host, connection as TcpConnection);
      finish('nothing came any more');
    });
  };
  const connection = connect(host, {
    address,
    port,
    sourcePort,
    events: {
      connected: () => {
        if (over) return;
        listenOn();
        options.connected?.(connection as TcpConnection);
      },
      received: ({ length, content }) => {
        if (over) return;
        listenOn();
        if (!options.received(length, content)) return;
        end(host, connection as TcpConnection);
        finish(null);
      },
      ended: () => {
        end(host, connection as TcpConnection);
        finish(null);
      },
      failed: (reason) => {
        finish(`connection ${reason}`);
      },
    },
  });
  if (typeof connection === 'string') {
    finish(`connect: ${connection}`);
    return;
  }
  wait(connectPatience, () => {
    abort(host, connection);
    finish('connect: timed out');
  });
}
