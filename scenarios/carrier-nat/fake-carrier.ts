// A carrier's network for the tests of scenarios about it: what the house, the tunnel and the logs would tell.
import type { Crossing } from '../../src/backend/crossing.ts';
import type { Rounds } from '../../src/backend/lab.ts';
import type { Answer, Bytes } from '../../src/backend/service.ts';
import { loadCandidate } from '../../src/scenario/catalogue.ts';
import { fakeLab, trace } from '../../src/scenario/fake-lab.ts';
import type { CheckResult } from '../../src/scenario/result.ts';
import { nothingDropped, recorded } from '../../src/scenario/sample-walk.ts';
import type { Scenario, Trial } from '../../src/scenario/scenario.ts';

export interface World {
  /** Whether the tunnel is up and all is well until the NAT changes. */
  readonly upBefore: boolean;
  /** What becomes of the tunnel, from the change on, if there is one. */
  readonly rounds: 'stays' | 'loops' | 'loops, half of the tries' | 'once' | 'never';
  /** How far the tunnel's packets get, and the server's answers to them. */
  readonly tunnel: 'works' | 'no-mapping' | 'request-lost';
  readonly ssh: 'works' | 'request-lost';
  readonly uplink: 'eth1' | 'eth2';
  /** Seconds that packets take along a line that the topology has impaired, and whether it loses some, or every second one. */
  readonly delay: number;
  readonly loss: 'some' | 'half';
  /** How often the NAT gives the tunnel's packets another port. */
  readonly ports: 'per round' | 'per packet' | 'never';
  /** Bytes of the server's answers. */
  readonly answerBytes: number;
  readonly logs: { readonly server: readonly string[]; readonly client: readonly string[] };
  readonly bytes: Bytes | null;
  readonly names: 'all' | 'every second' | 'none';
  readonly streams: 'whole' | 'part' | 'none';
}

/** How many rounds there are in all, and packets in each, where the tunnel doesn't stay up. */
const [roundsSeen, packetsEach] = [6, 3];
const natAddress = { eth2: '203.0.113.10', eth1: '198.51.100.77' } as const;
const router = { eth2: '123.45.0.9', eth1: '192.168.0.2' } as const;
const gateway = { eth2: 'cgnat', eth1: 'fiveg' } as const;

/** Carries a trial through in this world, and returns its checks. */
export async function carryThrough(scenario: Scenario, trial: Trial, world: World): Promise<readonly CheckResult[]> {
  const { topology } = trial;
  const crossings: Crossing[] = [];
  const { rounds, upBefore } = world;
  const state = { connected: rounds !== 'never' || upBefore ? 1 : 0, restarted: 0, changed: false, lookUps: 0 };
  const usual = (): boolean => upBefore && !state.changed;
  const step = (): void => {
    if (usual() || world.rounds === 'stays') throw new Error('what was waited for does not come');
    if (state.connected < timesUp(world.rounds, state.restarted)) state.connected++;
    else state.restarted++;
  };
  const now = (): Rounds => ({ connected: state.connected, restarted: state.restarted });
  const answer = (accepted: boolean, bytes: Bytes | null = null, said: readonly string[] = []): Promise<Answer> =>
    Promise.resolve({ accepted, said, bytes });
  const lab = fakeLab(topology, {
    unanswered: () => Promise.resolve([]),
    change: () => {
      state.changed = true;
      return Promise.resolve();
    },
    serve: () => Promise.resolve({ said: () => Promise.resolve(world.logs.server), stop: () => Promise.resolve() }),
    dial: (_host, { protocol }) => {
      const many = world.rounds !== 'stays';
      for (let round = 0; round < (many ? roundsSeen : 1); round++) {
        for (let packet = 0; packet < packetsEach; packet++) {
          crossings.push(...tunnelPacket(trial, world, protocol, round, packet));
        }
      }
      return Promise.resolve({
        until: (condition) => {
          while (!condition(now())) step();
          return Promise.resolve(now());
        },
        stop: () => answer(state.connected === 1 && state.restarted === 0, world.bytes, world.logs.client),
      });
    },
    request: (_host, request) => {
      if (request.kind === 'dns') {
        state.lookUps++;
        return answer(usual() || world.names === 'all' || (world.names === 'every second' && state.lookUps % 2 === 1));
      }
      if (request.kind === 'stream') {
        const whole = usual() || world.streams === 'whole';
        const received = whole ? request.chunks * 1000 : world.streams === 'part' ? 3000 : 0;
        return answer(whole, { received, sent: 0 });
      }
      crossings.push(...sshPackets(trial, world));
      return answer(world.ssh === 'works');
    },
    evidence: () => Promise.resolve({ crossings: recorded(crossings), until: 1000, ...nothingDropped }),
  });
  const candidate = await loadCandidate(trial.candidate);
  return scenario.run(lab, trial, { candidate, release: '6.18.0', seed: 3 });
}

/** How often a tunnel comes up before its client begins anew once more. */
function timesUp(rounds: World['rounds'], restarted: number): number {
  switch (rounds) {
    case 'stays':
    case 'once':
      return 1;
    case 'loops':
      return restarted + 1;
    case 'loops, half of the tries':
      return Math.floor(restarted / 2) + 1;
    case 'never':
      return 0;
  }
}

/** What the topology's impaired line, if it has one, makes of a packet. */
function alongLine(
  { topology }: Trial,
  { delay, loss }: World,
  packet: number,
  crossings: readonly Crossing[],
): readonly Crossing[] {
  const ends = topology.links.flatMap((link) => (link.impairment ? link.ends : []));
  const index = crossings.findIndex(
    ({ host, interface: name, direction }) =>
      direction === 'out' && ends.some((end) => end.host === host && end.interface === name),
  );
  if (index < 0) return crossings;
  const [before, after] = [crossings.slice(0, index + 1), crossings.slice(index + 1)];
  if (loss === 'half' && packet % 2 === 1) return before;
  return [...before, ...after.map((crossing) => ({ ...crossing, time: crossing.time + delay }))];
}

function tunnelPacket(
  trial: Trial,
  world: World,
  protocol: 'udp' | 'tcp',
  round: number,
  packet: number,
): readonly Crossing[] {
  const { topology } = trial;
  const { tunnel, uplink, ports, answerBytes } = world;
  const along = (crossings: readonly Crossing[]): readonly Crossing[] => alongLine(trial, world, packet, crossings);
  const [own, nat, hop] = [`${router[uplink]}:${50000 + round}`, natAddress[uplink], gateway[uplink]];
  const port = 40001 + (ports === 'never' ? 0 : ports === 'per round' ? round : round * packetsEach + packet);
  const outside = `${nat}:${port}`;
  const time = 1 + round * 10 + packet;
  const identity = `${round}.${packet}`;
  const common = { protocol, summary: 'UDP 14 bytes' };
  const way = tunnel === 'request-lost' ? `router ${hop}` : `router ${hop} internet cloud`;
  const server = '111.222.33.44:1194';
  const there = { ...common, source: own, destination: server, identity: `${identity}?`, time };
  const back = { ...common, source: server, destination: outside, identity: `${identity}!`, time: time + 0.5 };
  return [
    ...along(trace(topology, way, { ...there, nat: { [hop]: { source: outside } } })),
    ...(tunnel === 'request-lost'
      ? []
      : along(
          trace(topology, `cloud internet ${hop}${tunnel === 'works' ? ' router' : ''}`, {
            ...{ ...back, summary: `UDP ${answerBytes} bytes` },
            nat: { [hop]: { destination: own } },
          }),
        )),
  ];
}

function sshPackets({ topology }: Trial, { ssh }: World): readonly Crossing[] {
  const [own, outside, web] = ['123.45.0.9:40022', '203.0.113.10:40022', '192.0.2.10:22'];
  const lost = ssh === 'request-lost';
  const common = { protocol: 'tcp', summary: 'TCP SYN' } as const;
  return [
    ...trace(topology, `router cgnat${lost ? '' : ' internet web'}`, {
      ...{ ...common, source: own, destination: web, identity: 'ssh?', time: 2 },
      nat: { cgnat: { source: outside } },
    }),
    ...(lost
      ? []
      : trace(topology, 'web internet cgnat router', {
          ...{ ...common, source: web, destination: outside, identity: 'ssh!', time: 3 },
          nat: { cgnat: { destination: own } },
        })),
  ];
}

/** What an OpenVPN server logs of peers, and of those that changed their port. */
export const initiated = (...ports: readonly number[]): readonly string[] =>
  ports.map((port) => `203.0.113.10:${port} [client] Peer Connection Initiated with [AF_INET]203.0.113.10:${port}`);
export const floated = 'peer 0 (client) floated from 203.0.113.10:40001 to [AF_INET]203.0.113.10:40002';
/** What an OpenVPN client logs. */
export const missedPings = '[server] Inactivity timeout (--ping-restart), restarting';
export const failedTls = 'TLS Error: TLS key negotiation failed to occur within 3 seconds (check your connectivity)';
export const failedTcp = 'TCP: connect to [AF_INET]111.222.33.44:1194 failed: Connection timed out';

export const times = (count: number, line: string): readonly string[] => Array.from({ length: count }, () => line);

/** The names of the checks that fail; a cell's is its service. */
export function failed(checks: readonly CheckResult[]): readonly string[] {
  return checks.filter(({ ok }) => !ok).map((check) => (check.kind === 'cell' ? check.service : check.name));
}

/** A tunnel that works, by the carrier's line or the 5G router's. */
export const working: World = {
  ...{
    upBefore: false,
    rounds: 'stays',
    tunnel: 'works',
    ssh: 'works',
    uplink: 'eth2',
    delay: 0.04,
    loss: 'some',
    ports: 'never',
    answerBytes: 26,
  },
  ...{
    logs: { server: initiated(40001), client: [] },
    bytes: { received: 99, sent: 99 },
    names: 'all',
    streams: 'whole',
  },
};
