import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Evidence } from '../src/backend/crossing.ts';
import type { Lab } from '../src/backend/lab.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import { wayBy, wayTaken } from './home-gateway/ways.ts';

/** Whose connections the pins take hold of; all others go by the hash. */
interface Setting {
  readonly pinned: readonly string[];
}

/** What is pinned, and the number of the line it is pinned to. */
const targets = [
  { name: 'mail', host: 'mail', address: '198.51.100.70', port: 25, line: 0, customersOnly: false },
  { name: "isp2's statistics", host: 'statistics', address: '203.0.114.200', port: 80, line: 1, customersOnly: true },
] as const;
type Target = (typeof targets)[number];

/** The home network's hosts, and their addresses. */
const inside = [
  { host: 'desktop', address: '192.168.2.100' },
  { host: 'laptop', address: '192.168.2.101' },
];
const everybody = ['server', ...inside.map(({ host }) => host)];

export default defineScenario<Setting>({
  title: "Do mail and one ISP's own site go by the lines they are pinned to?",
  lesson: `Two lines are balanced, but mail is to go out by the first, whose address has a name, and the second ISP's statistics by
the second, since they refuse everybody who is not a customer. Without pins the hash decides: four of five hosts are refused.

A mark by destination and a rule by mark pin them. For the server's own connections it is set in OUTPUT: they are routed a
second time by it, but keep the source that the first routing gave them, so SNAT on each line has to follow. For the home
network it must be set in PREROUTING, before the only time that its packets are routed; in FORWARD it comes too late.`,
  services: [],
  trials: [
    trial('balance-8-2', []),
    trial('home-pins', everybody),
    trial('home-pins-in-forward', ['server']),
    trial('home-connmark', everybody),
    trial('home-connmark-nft', everybody),
  ],
  run: async (lab, { setting: { pinned } }) => {
    await Promise.all(
      targets.map(({ host, port }) => lab.serve(host, { kind: 'tcp-echo', name: `port-${port}`, port })),
    );
    const asked = await Promise.all(
      everybody.flatMap((host, hostIndex) =>
        targets.map(async (target, targetIndex) => {
          const sourcePort = 40000 + hostIndex * 10 + targetIndex;
          const line = pinned.includes(host)
            ? lab.topology.server.uplinks[target.line]?.interface
            : await balancedLine(lab, host, target);
          const { address: server, port } = target;
          const { accepted } = await lab.request(host, { kind: 'tcp-echo', server, port, sourcePort });
          return { host, target, sourcePort, line: line ?? 'none', accepted };
        }),
      ),
    );
    const evidence = await lab.evidence();
    return asked.map(({ host, target, sourcePort, line, accepted }) => {
      const answered = !target.customersOnly || line === lab.topology.server.uplinks[target.line]?.interface;
      return statement(
        `${host} to ${target.name}${pinned.includes(host) ? '' : ', not pinned'}`,
        `${wayBy(lab.topology, line)}, ${answered ? 'answered' : 'refused'}`,
        `${wayTaken(lab.topology, evidence, { server: target.address, port: target.port, sourcePort })}, ${accepted ? 'answered' : fate(evidence, target, sourcePort)}`,
      );
    });
  },
});

function trial(candidate: string, pinned: readonly string[]): Trial<Setting> {
  return { candidate, variant: '', topology: homeGateway(), tunnels: {}, setting: { pinned } };
}

/** The line that the multipath route gives to a host's connection: the kernel's own word. */
async function balancedLine(lab: Lab, host: string, { address }: Target): Promise<string> {
  const own = inside.find((each) => each.host === host);
  if (own) return lab.route('server', address, own.address, 'eth2');
  // A connection is routed without a source first; that line's address becomes its source, and it is routed again.
  const first = await lab.route('server', address);
  const source = lab.topology.server.uplinks.find((uplink) => uplink.interface === first)?.address;
  return lab.route('server', address, source);
}

/** What became of a connection that got no answer: the target's own word, or nothing. */
function fate({ crossings }: Evidence, { host, address, port }: Target, sourcePort: number): string {
  const refusal = crossings.some(
    (crossing) =>
      crossing.host === host &&
      crossing.direction === 'out' &&
      crossing.source === `${address}:${port}` &&
      crossing.destination.endsWith(`:${sourcePort}`) &&
      crossing.summary.includes('RST'),
  );
  return refusal ? 'refused' : 'not answered';
}

function statement(name: string, expected: string, found: string): StatementResult {
  return { kind: 'statement', name, expected, found, ok: expected === found };
}
