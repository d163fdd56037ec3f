/** A house whose router has a tunnel to the cloud, and what is done in it; shared by the scenarios about carriers. */
import { cloud, elsewhere } from '../../lab/topologies/carrier-nat.ts';
import type { Evidence } from '../../src/backend/crossing.ts';
import type { Dialling, Lab, Rounds, Running } from '../../src/backend/lab.ts';
import type { Answer, Dial, Request } from '../../src/backend/service.ts';
import type { Candidate } from '../../src/candidate/candidate.ts';
import { judgeCell } from '../../src/scenario/cell.ts';
import type { CellResult, Outcome, StatementResult } from '../../src/scenario/result.ts';

export type TunnelProtocol = 'udp' | 'tcp';

/** The scenarios' tunnel devices, by host. */
export const tunnels = { router: ['tun0'], cloud: ['tun0'] };

/** The VPN server, as it is called. */
export const vpn = `${cloud}:1194`;
/** The server's own address in its tunnel. A name server and streams are to be had there and nowhere else. */
export const inside = '10.8.0.1';
/** By port; the long one lasts 6.4 seconds, more than any mapping of a short-lived NAT. */
const streams = { long: { port: 80, chunks: 64 }, short: { port: 81, chunks: 5 } };

/** Without one, a client would never notice that its tunnel is dead. */
const usualKeepalive = { interval: 1, timeout: 4 };

/** Seconds that a round may take; it takes less than ten, if nothing else keeps the machine busy. */
const patience = 60;

/** Starts all that runs in the internet, and returns the OpenVPN server. */
export async function serveAll(lab: Lab, { openvpn }: Candidate): Promise<Running> {
  const server = await lab.serve('cloud', {
    kind: 'openvpn',
    name: 'openvpn',
    protocol: openvpn?.protocol ?? 'udp',
    port: 1194,
    binding: { kind: 'wildcard' },
    tunnel: 'tun0',
    network: '10.8.0.0/24',
    keepalive: openvpn?.keepalive ?? usualKeepalive,
  });
  await Promise.all([
    lab.serve('cloud', {
      ...{ kind: 'dns', name: 'dns', port: 53, binding: 'address-per-socket' },
      ...{ addresses: [inside], records: { 'probe.test': '192.0.2.53' } },
    }),
    ...Object.entries(streams).map(([name, stream]) =>
      lab.serve('cloud', { ...stream, kind: 'stream', name: `stream-${name}`, address: inside, pace: 'steady' }),
    ),
    lab.serve('web', { kind: 'ssh', name: 'ssh', port: 22 }),
  ]);
  return server;
}

/** What the router calls: the VPN, and a host that has nothing to do with it. */
export const dialOf = ({ openvpn }: Candidate): Dial => ({
  kind: 'dial',
  protocol: openvpn?.protocol ?? 'udp',
  server: cloud,
  port: 1194,
  sourcePort: 'any',
  tunnel: 'tun0',
});
export const ssh: Extract<Request, { kind: 'ssh' }> = { kind: 'ssh', server: elsewhere, port: 22, sourcePort: 40022 };

/** What people in the house do, and what became of it. */
export interface House {
  readonly lookUps: readonly Answer[];
  readonly downloads: readonly Answer[];
  /** Waits until a tunnel that has come up carries packets: the kernel's link watch takes up to a second to see it. */
  settle(): Promise<void>;
  lookUp(): Promise<void>;
  download(which: keyof typeof streams): Promise<Answer>;
}

/** @param firstPort each request has a source port of its own, from this one on */
export function houseOf(lab: Lab, firstPort: number, { asks, silence } = impatience): House {
  const lookUps: Answer[] = [];
  const downloads: Answer[] = [];
  let sourcePort = firstPort;
  const dns = { kind: 'dns', server: inside, port: 53, name: 'probe.test', address: '192.0.2.53' } as const;
  return {
    lookUps,
    downloads,
    settle: async () => {
      await lab.unanswered([{ host: 'router', destination: inside }]);
    },
    lookUp: async () => {
      for (let ask = 1; ; ask++) {
        const answer = await lab.request('lan', { ...dns, sourcePort: sourcePort++ });
        if (!answer.accepted && ask < asks) continue;
        lookUps.push(answer);
        return;
      }
    },
    download: async (which) => {
      const stream = { kind: 'stream', server: inside, ...streams[which], patience: silence } as const;
      const answer = await lab.request('lan', { ...stream, sourcePort: sourcePort++ });
      downloads.push(answer);
      return answer;
    },
  };
}

/** How often people ask for a name, and for how many seconds of silence they wait for anything else. */
export interface Patience {
  readonly asks: number;
  readonly silence: number;
}

const impatience: Patience = { asks: 1, silence: 2 };

/** Waits until the tunnel is up for the first time, and carries packets. */
export async function firstUp(house: House, tunnel: Dialling): Promise<void> {
  await tunnel.until(({ connected }) => connected > 0, patience);
  await house.settle();
}

/**
 * Each time that the tunnel comes up, the house looks a name up, fetches a stream, and looks the name up again. Ends when a stream
 * has come whole, or the client has begun anew `enough` times; if the tunnel was up at one of its tries, it must have been up, and
 * lost, as many times, unless that takes four times as many tries.
 *
 * @param settled how often the tunnel has come up before and been settled
 */
export async function useTunnel(house: House, tunnel: Dialling, enough: number, settled = 0): Promise<Rounds> {
  let seen = 0;
  /** How often the client had begun anew when the tunnel was last seen to be up. */
  let then = 0;
  const isOver = ({ restarted }: Rounds): boolean => {
    const neverUp = seen <= settled;
    return restarted >= 4 * enough || (restarted >= enough && (neverUp || (seen >= enough && restarted > then)));
  };
  for (;;) {
    const { restarted: before } = await tunnel.until(() => true, patience);
    const rounds = await tunnel.until((now) => now.connected > seen || now.restarted > before || isOver(now), patience);
    if (isOver(rounds)) {
      await house.lookUp();
      return rounds;
    }
    if (rounds.connected === seen) continue;
    [seen, then] = [rounds.connected, rounds.restarted];
    if (seen > settled) await house.settle();
    await house.lookUp();
    const { accepted } = await house.download('long');
    await house.lookUp();
    if (accepted) return tunnel.until(() => true, patience);
  }
}

/** How many names were found, and how many downloads started and came whole. */
export function experienceOf({ lookUps, downloads }: House) {
  const found = lookUps.filter(({ accepted }) => accepted).length;
  const started = downloads.filter(({ bytes }) => (bytes?.received ?? 0) > 0).length;
  const whole = downloads.filter(({ accepted }) => accepted).length;
  return {
    ...{ found, asked: lookUps.length, started, tried: downloads.length, whole },
    text:
      `${found} of ${lookUps.length} names found, ` +
      `${started} of ${downloads.length} downloads started, ${whole} of them came whole`,
  };
}

/** The router's lines to the VPN server and to the other host, by its own word. */
export async function routedLines(lab: Lab): Promise<Lines> {
  const [openvpn, other] = await Promise.all([lab.route('router', cloud), lab.route('router', elsewhere)]);
  return { openvpn, ssh: other };
}

/** The router's uplinks that its calls should leave by. */
export interface Lines {
  readonly openvpn: string;
  readonly ssh: string;
}

/** Judges the two things that the router calls. */
export function judgeCalls(
  lab: Lab,
  evidence: Evidence,
  lines: Lines,
  calls: readonly [
    { readonly request: Dial; readonly answer: Answer; readonly expected: Outcome },
    { readonly request: Request; readonly answer: Answer; readonly expected: Outcome },
  ],
): readonly CellResult[] {
  return calls.map(({ request, answer, expected }) =>
    judgeCell(lab.topology, evidence, {
      client: 'router',
      service: request.kind === 'dial' ? 'openvpn' : request.kind,
      uplink: request.kind === 'dial' ? lines.openvpn : lines.ssh,
      calls: [{ request, answer }],
      expected,
    }),
  );
}

/** By which of its uplinks the router sends the tunnel's packets, and by which the rest. */
export function judgeLines(
  { crossings }: Evidence,
  lines: Lines,
  protocol: TunnelProtocol,
): readonly StatementResult[] {
  const out = crossings.filter(({ host, direction }) => host === 'router' && direction === 'out');
  const by = (destination: string, transport: string): string => {
    const sent = out.filter((each) => each.protocol === transport && each.destination === destination);
    return [...new Set(sent.map((each) => each.interface))].sort().join(', ');
  };
  return [
    statement("the tunnel's packets leave the router by", lines.openvpn, by(vpn, protocol)),
    statement('what goes elsewhere leaves it by', lines.ssh, by(`${elsewhere}:22`, 'tcp')),
  ];
}

export function statement(name: string, expected: string, found: string, ok = expected === found): StatementResult {
  return { kind: 'statement', name, expected, found, ok };
}
