import type { Rounds } from '../../backend/lab.ts';
import type { Answer, Dial, Request } from '../../backend/service.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import { startClient } from './openvpn/client.ts';
import { pingByDevice } from './ping.ts';
import type { Tunnels } from './tunnel.ts';

/** Seconds that a client may take to connect. */
const patience = 5;
/** Pings sent through a tunnel, and how many must come back before we believe in it. */
const pings = { count: 30, interval: 0.02, wait: 1 };
const enough = 22;

/** Runs a client until its tunnel carries pings, or it has given up. One that is connected stays so. */
export function connectOpenVpn(
  host: Host,
  { protocol, server, port, sourcePort, tunnel, through, float }: Extract<Request, { kind: 'openvpn' }>,
  tunnels: Tunnels,
  done: (answer: Answer) => void,
): void {
  const client = startClient(host, tunnels, {
    ...{ protocol, server: parseIPv4(server), port, sourcePort, float, tunnel },
    ...{ handWindow: 3, connectTimeout: 3, tries: 1, up: null },
  });
  const finish = (accepted: boolean): void => {
    done({ accepted, said: [...client.said], bytes: client.bytes });
  };
  const settle = (): void => {
    cancel();
    silence();
  };
  const cancel = host.clock.after(patience, () => {
    settle();
    finish(false);
  });
  const silence = client.onChange(() => {
    const { device, ended } = client;
    if (!device && !ended) return;
    settle();
    if (!device) finish(false);
    else {
      pingByDevice(host, device, parseIPv4(through), pings, (answered) => {
        finish(answered >= enough);
      });
    }
  });
}

/** A client that is left to itself. */
export interface ModelDialling {
  rounds(): Rounds;
  /** Calls `listener` each time that the rounds change; what it returns calls it off. */
  onChange(listener: () => void): () => void;
  /** Whether it has ended by itself: its tunnel device was taken. */
  ended(): boolean;
  /** Ends the client. The answer is accepted if the tunnel came up, and stayed up until now. */
  stop(): Answer;
  readonly said: () => readonly string[];
}

/**
 * Starts a client that keeps on trying until it is stopped, from another port each time.
 *
 * @param runUp runs the script that the client is to run each time the tunnel comes up, with OpenVPN's environment for it
 */
export function dial(
  host: Host,
  { protocol, server, port, tunnel, handshake = 3, up }: Dial,
  tunnels: Tunnels,
  runUp: (script: string, environment: Readonly<Record<string, string>>) => void,
): ModelDialling {
  const client = startClient(host, tunnels, {
    ...{ protocol, server: parseIPv4(server), port, sourcePort: 0, float: false, tunnel },
    ...{ handWindow: handshake, connectTimeout: 2 * handshake, tries: null },
    up:
      up === undefined
        ? null
        : (environment) => {
            runUp(up, environment);
          },
  });
  return {
    rounds: () => client.rounds,
    ended: () => client.ended,
    onChange: (listener) => client.onChange(listener),
    said: () => client.said,
    stop: () => {
      const { connected, restarted } = client.rounds;
      client.stop();
      return { accepted: connected === 1 && restarted === 0, said: [...client.said], bytes: client.bytes };
    },
  };
}
