import type { Probe } from '../../backend/lab.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import { abort, connect, type TcpConnection } from '../sockets/tcp.ts';
import { closeUdp, sendUdp } from '../sockets/udp.ts';
import { requireUdp } from './requirements.ts';

/** Seconds from one question to the next, and in haste; and until a connection is given up. */
const [pace, haste, patience] = [0.5, 0.01, 1];

/** Questions that are asked again and again. */
export interface Probes {
  /** Hears of each answer: whose, and when its question was asked. */
  onAnswer(listener: (probe: Probe, asked: number) => void): () => void;
  /** Has some be asked in haste, or no longer. */
  hurry(probes: readonly Probe[]): void;
  calm(probe: Probe): void;
  stop(): void;
}

/** Starts asking. Over TCP each question is a connection of its own, and a refusal is an answer. */
export function startProbing(host: Host, probes: readonly Probe[]): Probes {
  const listeners = new Set<(probe: Probe, asked: number) => void>();
  const hasty = new Set<Probe>();
  const stops = probes.map((probe) =>
    ask(
      host,
      probe,
      () => hasty.has(probe),
      (asked) => {
        for (const listener of listeners) listener(probe, asked);
      },
    ),
  );
  return {
    onAnswer: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    hurry: (some) => {
      for (const probe of some) hasty.add(probe);
    },
    calm: (probe) => void hasty.delete(probe),
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

function ask(
  host: Host,
  { protocol, destination, port }: Probe,
  isHasty: () => boolean,
  tell: (asked: number) => void,
): () => void {
  const { clock } = host;
  const to = { address: parseIPv4(destination), port };
  let asked = -1;
  const socket =
    protocol === 'udp'
      ? requireUdp(host, 'probe', { receive: ({ packet }) => tell(Number(packet.payload.content)) })
      : null;
  const question = (): void => {
    asked = clock.now;
    if (socket) sendUdp(host, socket, { length: 13, content: asked }, to);
    else callOnce(host, to, asked, tell);
  };
  let cancel = (): void => undefined;
  const look = (): void => {
    // A sum of hundredths may be a little less than their number.
    if (asked < 0 || clock.now - asked > (isHasty() ? haste : pace) - 1e-6) question();
    cancel = clock.after(haste, look);
  };
  cancel = clock.after(0, look);
  return () => {
    cancel();
    if (socket) closeUdp(host, socket);
  };
}

function callOnce(
  host: Host,
  to: { readonly address: number; readonly port: number },
  asked: number,
  come: (asked: number) => void,
): void {
  const connection: TcpConnection | string = connect(host, {
    ...to,
    events: {
      connected: () => {
        come(asked);
        if (typeof connection !== 'string') abort(host, connection);
      },
      failed: (reason) => {
        if (reason === 'refused') come(asked);
      },
    },
  });
  if (typeof connection === 'string') return;
  host.clock.after(patience, () => {
    abort(host, connection);
  });
}
