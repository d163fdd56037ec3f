import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Evidence } from '../src/backend/crossing.ts';
import type { Lab } from '../src/backend/lab.ts';
import { inEra } from '../src/scenario/by-era.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import type { Topology } from '../src/topology/topology.ts';
import { choice } from './eras/choice.ts';
import {
  carries,
  company,
  openTunnel,
  serveVpn,
  tunnel,
  tunnels,
  vpn,
  wayBy,
  waysTaken,
} from './home-gateway/company.ts';

interface Setting {
  /** Whether connection marks keep a flow on the line that its answers last came in by. */
  readonly keepsLine: boolean;
}

/** What is called: mail is pinned to the first line alone, the company to the tunnel. */
const called = { mail: '198.51.100.70:25', company: `${company}:80` };

/** What is asked in each phase, and what should become of it. */
interface Asked {
  readonly name: string;
  readonly to: string;
  readonly sourcePort: number;
  /** By which line; in the tunnel, if it is to go by that. Null: by either, as chance has it. */
  readonly line: string | null;
  readonly tunnelled: boolean;
  readonly answered: boolean;
  readonly accepted: boolean;
}

export default defineScenario<Setting>({
  title: 'Does the VPN take the other line when the first is down, and come back?',
  lesson: `What the VPN's client sends is marked 3, which is 1 and 2: either line will do. Rules look at one bit each, in order, so it
goes by the first line. When that is down the kernel empties its table, an empty table decides nothing, and the next rule
finds the second line's. Mail is marked 1 alone: behind the rules comes the main table, and takes it, too.

A tunnel may need some seconds for it. While its flow is translated to one line's address, it is so on the other line, too, whose
ISP drops it; then the client misses its pings and begins anew, from a port that NAT knows nothing of. If the route change
gives its packets another source, they are a new flow at once, and the server follows ('floated').

When the line is up again its table stays empty, for nobody puts the route back: that takes a script (line-up.sh; pppd calls
its own ip-up). With pins alone the tunnel is back as soon as it has run. Connection marks remember the line that a flow's
answers last came in by, and keep it there: a tunnel that went by the second line stays with it until it begins anew.

When the tunnel is gone its table is empty, too: what is for the company then goes to an ISP, in the clear. Who minds puts an
\`unreachable\` route behind the tunnel's.`,
  services: [],
  trials: [trial('home-pins', false), trial('home-connmark', true), trial('home-connmark-nft', true)],
  open: () => 'it follows the marks of its own candidates, and has their line-up.sh run',
  run: async (lab, { setting }, { candidate, release }) => {
    // A marked packet is looked up again: by turns, that is another turn. A hash knows no marks.
    const isKnown = inEra(choice, release) === 'by addresses';
    await Promise.all([
      lab.serve('mail', { kind: 'tcp-echo', name: 'mail', port: 25 }),
      lab.serve('company', { kind: 'tcp-echo', name: 'site', port: 80 }),
      serveVpn(lab),
    ]);
    const [first = '', second = ''] = lab.topology.server.uplinks.map((uplink) => uplink.interface);
    const goesBack = !setting.keepsLine ? false : isKnown ? await goesBackByMark(lab, first) : null;
    const client = await openTunnel(lab, candidate);
    const asked = [...(await ask(lab, 'both lines up', 40000, first, first))];

    await lab.inflict({ kind: 'down', host: 'server', interface: first });
    await carries(lab, 4);
    asked.push(...(await ask(lab, `${first} down`, 41000, second, second)));

    await lab.inflict({ kind: 'up', host: 'server', interface: first });
    await carries(lab, 4);
    const kept = goesBack === null ? null : goesBack ? first : second;
    asked.push(...(await ask(lab, `${first} up, its table empty`, 42000, kept, null)));

    if (candidate.lineUp === undefined) throw new Error(`${candidate.name} has no line-up.sh`);
    await lab.apply({ ...candidate, script: candidate.lineUp });
    await carries(lab, 4);
    asked.push(...(await ask(lab, 'its table filled', 43000, setting.keepsLine ? kept : first, first)));

    await client.stop();
    const again = await openTunnel(lab, candidate);
    asked.push(...(await ask(lab, 'the client begun anew', 44000, first, null)));
    await again.stop();
    const source = addressOn(lab.topology, await lab.route('server', company));
    const line = isKnown ? await lab.route('server', company, source) : null;
    const leak = { to: called.company, sourcePort: 45000, line };
    asked.push(await request(lab, 'the tunnel gone', 'server', { ...leak, tunnelled: false, answered: false }));
    const evidence = await lab.evidence();
    return asked.map((each) => judge(lab.topology, evidence, each));
  },
});

function trial(candidate: string, keepsLine: boolean): Trial<Setting> {
  return { candidate, variant: '', topology: homeGateway(), tunnels, setting: { keepsLine } };
}

/**
 * Whether the client's packets, as the line comes up, belong to the flow of before again: it is marked for that line alone,
 * whose table is empty, so the main table decides. They do if the hash gives them that line's address.
 */
async function goesBackByMark(lab: Lab, line: string): Promise<boolean> {
  if ((await lab.route('server', vpn.address)) !== line) return false;
  return (await lab.route('server', vpn.address, addressOn(lab.topology, line))) === line;
}

/** @param byMail the line that mail should go by; `null`: not asked */
async function ask(
  lab: Lab,
  phase: string,
  port: number,
  byTunnel: string | null,
  byMail: string | null,
): Promise<readonly Asked[]> {
  const tunnelled = { to: called.company, line: byTunnel, tunnelled: true, answered: true };
  const direct = { to: called.mail, line: byMail ?? '', tunnelled: false, answered: true };
  return Promise.all([
    request(lab, phase, 'server', { ...tunnelled, sourcePort: port }),
    request(lab, phase, 'desktop', { ...tunnelled, sourcePort: port + 1 }),
    ...(byMail === null ? [] : [request(lab, phase, 'server', { ...direct, sourcePort: port + 2 })]),
  ]);
}

async function request(
  lab: Lab,
  phase: string,
  host: string,
  wanted: Omit<Asked, 'name' | 'accepted'>,
): Promise<Asked> {
  const { to, sourcePort } = wanted;
  const [server = '', port] = to.split(':');
  const { accepted } = await lab.request(host, { kind: 'tcp-echo', server, port: Number(port), sourcePort });
  return { ...wanted, name: `${phase}: ${host} to ${to === called.mail ? 'mail' : 'the company'}`, accepted };
}

function judge(topology: Topology, { crossings }: Evidence, asked: Asked): StatementResult {
  const { name, to, sourcePort, line, tunnelled, answered, accepted } = asked;
  const packets = crossings.filter((each) => each.destination === to && each.source.endsWith(`:${sourcePort}`));
  const lines = line === null ? topology.server.uplinks.map((uplink) => uplink.interface) : [line];
  const ways = lines.map((each) => wayBy(each, addressOn(topology, each)));
  const [wanted, found] = [answered, accepted].map((each) => (each ? 'answered' : 'not answered'));
  const taken = waysTaken(topology, packets);
  if (!tunnelled) {
    return oneOf(
      name,
      ways.map((way) => `${way}, ${wanted}`),
      `${taken}, ${found}`,
    );
  }
  // While these are in the tunnel, it is their line that the tunnel's own packets show.
  const inner = packets.filter((each) => each.interface === 'tun0');
  const [begun = Infinity, ended = -Infinity] = [inner[0]?.time, inner.at(-1)?.time];
  const outer = crossings.filter(
    ({ destination, time }) => destination === `${vpn.address}:${vpn.port}` && time >= begun && time <= ended,
  );
  return oneOf(
    name,
    ways.map((way) => `${wayBy('tun0', tunnel.ours)}, ${way}, ${wanted}`),
    `${taken}, ${waysTaken(topology, outer)}, ${found}`,
  );
}

function addressOn({ server }: Topology, line: string): string {
  return server.uplinks.find((uplink) => uplink.interface === line)?.address ?? 'nowhere';
}

function oneOf(name: string, expected: readonly string[], found: string): StatementResult {
  return { kind: 'statement', name, expected: expected.join('; or '), found, ok: expected.includes(found) };
}
