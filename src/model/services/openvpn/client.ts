import type { Rounds } from '../../../backend/lab.ts';
import type { Bytes } from '../../../backend/service.ts';
import type { Device } from '../../device.ts';
import type { Host } from '../../host.ts';
import type { Tunnels } from '../tunnel.ts';
import { createLog, endpoint } from './log.ts';
import { startTry, type Try, type TryOptions } from './client-try.ts';

export interface ClientOptions extends TryOptions {
  /** `--connect-retry-max`; null: it tries for ever. */
  readonly tries: number | null;
}

/** A client, from its start to its end. */
export interface Client {
  readonly said: readonly string[];
  /** What its management channel has reported last; null: nothing yet. */
  readonly bytes: Bytes | null;
  readonly rounds: Rounds;
  /** Its tunnel device while the tunnel is up. */
  readonly device: Device | null;
  readonly ended: boolean;
  /** Calls `listener` each time that the tunnel comes up, a try fails, or the client ends. */
  onChange(listener: () => void): () => void;
  stop(): void;
}

/** Seconds between two tries: the lab releases the hold of the management channel at once, and there is no other wait. */
const pause = 0.01;

export function startClient(host: Host, tunnels: Tunnels, options: ClientOptions): Client {
  const log = createLog(host.clock);
  const listeners = new Set<() => void>();
  let bytes: Bytes | null = null;
  let connected = 0;
  let restarted = 0;
  let current: Try | null = null;
  let cancelPause: (() => void) | null = null;
  let ended = false;

  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const end = (): void => {
    log.say('Exiting due to fatal error');
    finish();
  };
  const finish = (): void => {
    ended = true;
    current = null;
    changed();
  };
  const begin = (): void => {
    log.say(`TCP/UDP: Preserving recently used remote address: ${endpoint(options.server, options.port)}`);
    current = startTry(host, tunnels, options, log, {
      counted: (now) => {
        bytes = now;
      },
      connected: () => {
        connected += 1;
        changed();
      },
      failed: (signal) => {
        current = null;
        restarted += 1;
        log.say(`SIGUSR1[${signal}] received, process restarting`);
        if (options.tries !== null && restarted >= options.tries) {
          const tries = `${options.tries}`;
          log.say(`All connections have been connect-retry-max (${tries}) times unsuccessful, exiting`);
          end();
          return;
        }
        cancelPause = host.clock.after(pause, begin);
        changed();
      },
      fatal: end,
    });
  };
  begin();
  return {
    said: log.lines,
    get bytes() {
      return bytes;
    },
    get rounds() {
      return { connected, restarted };
    },
    get device() {
      return current?.device ?? null;
    },
    get ended() {
      return ended;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      if (ended) return;
      cancelPause?.();
      current?.close();
      log.say('SIGTERM[hard,] received, process exiting');
      finish();
    },
  };
}
