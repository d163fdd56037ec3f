import fc from 'fast-check';
import type { Shot } from '../../backend/volley.ts';
import { asIptables, asNft, filters } from './filters.ts';
import {
  defaults,
  group,
  nexthopObjects,
  objects,
  one,
  priority,
  remote,
  route,
  rule,
  sysctl,
  table,
  textbook,
  type Line,
} from './routing.ts';
import { changesOfDefaults, forgetGateways, severalDefaults } from './several-defaults.ts';
import { aims, ownAddresses, shotsOf, soleAim } from './traffic.ts';
import { lines, ports, type Phase, type Step, type Trial } from './trial.ts';

const line = one(...lines);
const batch = (commands: readonly Line[], host = 'server'): readonly Step[] =>
  commands.length === 0
    ? []
    : [
        {
          host,
          script: `ip -batch - <<'END'\n${commands.map(({ text }) => text).join('\n')}\nEND`,
          tries: commands.map(({ tries }) => tries),
        },
      ];

/** What `conntrack` may be told to forget. */
const forgotten = [
  ...lines.flatMap(({ address }) => [`-D -d ${address}`, `-D -s ${address}`, `-D -q ${address}`]),
  ...['udp', 'tcp', 'icmp'].map((protocol) => `-D -p ${protocol}`),
  ...[1, 2, 3].map((mark) => `-D -m ${mark}`),
  '-D -s 198.18.0.0/16',
  '-D -s 10.8.0.0/17',
];

const setUp: fc.Arbitrary<readonly Step[]> = fc
  .record({
    sysctls: fc.array(sysctl, { maxLength: 5 }),
    defaults,
    textbook,
    routes: fc.array(route, { maxLength: 6 }),
    rules: fc.array(rule, { maxLength: 6 }),
    nexthopObjects,
    filters,
    tool: one('nft', 'iptables'),
  })
  .map(({ sysctls, filters: rules, tool, ...parts }): readonly Step[] => [
    ...sysctls.map(({ text, tries }): Step => {
      const [key = '', value = ''] = text.split(' ');
      return { host: 'server', script: `echo ${value} >/proc/sys/net/ipv4/${key}`, tries: [tries] };
    }),
    ...batch([...parts.defaults, ...parts.textbook, ...parts.routes, ...parts.nexthopObjects, ...parts.rules]),
    ...(rules.length === 0
      ? []
      : [
          {
            host: 'server',
            script: tool === 'nft' ? asNft(rules) : asIptables(rules),
            tries: [...rules.map(({ tries }) => tries), tool],
          },
        ]),
  ]);

const text = (script: string, tries: string, host = 'server'): readonly Step[] => [{ host, script, tries: [tries] }];
const event: fc.Arbitrary<readonly Step[]> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc
      .tuple(line, one('server', 'internet'))
      .map(([{ name }, host]) =>
        batch([{ text: `link set ${name} down`, tries: host === 'server' ? 'link down' : 'carrier lost' }], host),
      ),
  },
  {
    weight: 3,
    arbitrary: line.map(({ name, address }) =>
      batch([{ text: `address delete ${address}/24 dev ${name}`, tries: 'address removed' }]),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(line, one('.3/24', '.77/32', '.129/25'))
      .map(([{ name, network }, host]) =>
        batch([{ text: `address add ${network}${host} dev ${name}`, tries: 'address added' }]),
      ),
  },
  {
    weight: 1,
    arbitrary: line.map(({ name, address, network }) =>
      batch([
        { text: `address delete ${address}/24 dev ${name}`, tries: 'address changed' },
        { text: `address add ${network}.9/24 dev ${name}`, tries: 'address changed' },
      ]),
    ),
  },
  { weight: 3, arbitrary: route.map((changed) => batch([{ ...changed, tries: `${changed.tries} replaced` }])) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(remote, table)
      .map(([to, where]) => text(`ip route delete ${to} table ${where} 2>/dev/null || true`, 'route deleted')),
  },
  { weight: 1, arbitrary: table.map((where) => text(`ip route flush table ${where}`, 'table flushed')) },
  { weight: 1, arbitrary: fc.constant(text('ip route flush cache', 'route cache flushed')) },
  { weight: 2, arbitrary: rule.map((added) => batch([{ ...added, tries: `${added.tries} added` }])) },
  {
    weight: 1,
    arbitrary: priority.map((at) => text(`ip rule delete priority ${at} 2>/dev/null || true`, 'rule deleted')),
  },
  { weight: 1, arbitrary: group.map((changed) => [...batch([...objects, changed])]) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 4 })
      .map((id) => text(`ip nexthop delete id ${id} 2>/dev/null || true`, 'nexthop object deleted')),
  },
  {
    weight: 2,
    arbitrary: one('-F', ...forgotten).map((which) =>
      text(`conntrack ${which} >/dev/null 2>&1 || true`, 'conntrack forgets'),
    ),
  },
  {
    weight: 1,
    arbitrary: sysctl.map(({ text: assignment, tries }) => [
      {
        host: 'server',
        script: `echo ${assignment.split(' ')[1] ?? ''} >/proc/sys/net/ipv4/${assignment.split(' ')[0] ?? ''}`,
        tries: [`${tries} changed`],
      },
    ]),
  },
);

/** What conntrack is to forget in two seconds, in some trials: then time passes before each event. */
const brief = fc.oneof(
  { weight: 20, arbitrary: fc.constant<string[]>([]) },
  { weight: 1, arbitrary: fc.subarray(['udp', 'icmp'], { minLength: 1 }) },
);
const briefly = (protocols: readonly string[]): readonly Step[] =>
  protocols.flatMap((name) =>
    text(`echo 2 >/proc/sys/net/netfilter/nf_conntrack_${name}_timeout`, `short time-out of ${name}`),
  );
const pause = text('sleep 3', 'time passes');

/** A few things in turn, each alone, by several default routes. */
const inTurn: fc.Arbitrary<Trial> = fc
  .record({
    seed: fc.integer({ min: 1, max: 0x7fffffff }),
    defaults: severalDefaults,
    turns: fc.array(fc.record({ changes: changesOfDefaults, aim: soleAim }), { minLength: 3, maxLength: 6 }),
  })
  .map(({ seed, defaults: several, turns }): Trial => {
    const phases = turns.map(({ changes, aim }, turn): Phase => {
      const shots = shotsOf([aim], 1100 + 300 * (seed % 100) + turn);
      return { steps: batch(changes), shots: shots.map((shot) => (shot.protocol === 'tcp' ? asDatagram(shot) : shot)) };
    });
    const [first, ...others] = phases;
    if (!first) throw new Error('there is a first turn');
    const begun = { ...first, steps: [...batch(several), ...first.steps] };
    return { seed, phases: [begun, ...others, { steps: batch(forgetGateways), shots: [] }] };
  });

/** A set-up and its traffic, and then up to two events, each with the traffic that meets it. */
const atOnce: fc.Arbitrary<Trial> = fc
  .record({
    seed: fc.integer({ min: 1, max: 0x7fffffff }),
    setUp,
    brief,
    first: aims,
    later: fc.array(fc.record({ event, aims, again: fc.boolean(), livesOn: fc.boolean() }), { maxLength: 2 }),
  })
  .map(({ seed, setUp: steps, brief: short, first, later }): Trial => {
    // What an earlier trial's connection still has to say is told by its port from what this one's say.
    const port = 1100 + 300 * (seed % 100);
    const phases: Phase[] = [{ steps: [...steps, ...briefly(short)], shots: shotsOf(first, port) }];
    for (const [index, phase] of later.entries()) {
      const fresh = shotsOf(phase.aims, port + 100 * (index + 1));
      // The same flows again meet what is remembered of them; a port of TCP's own stays taken for a while.
      const last = phase.again || short.length > 0 ? (phases.at(-1)?.shots ?? []) : [];
      const before = [...last.filter(({ protocol }) => protocol !== 'tcp'), ...(phase.livesOn ? letStay(phases) : [])];
      const taken = new Set(before.flatMap(ownAddresses));
      phases.push({
        steps: [
          ...(short.length > 0 ? pause : []),
          ...phase.event,
          ...(last.length > 0 ? [{ host: 'server', script: ':', tries: ['same flows again'] }] : []),
        ],
        shots: [...before, ...fresh.filter((shot) => !ownAddresses(shot).some((address) => taken.has(address)))],
      });
    }
    return { seed, phases: withoutHaste(withoutChance(phases)) };
  });

/** All that may be tried. */
export const trials: fc.Arbitrary<Trial> = fc.oneof({ weight: 9, arbitrary: atOnce }, { weight: 1, arbitrary: inTurn });

/** Has the last phase's connections stay open, and returns what goes on with them; socat's can't. */
function letStay(phases: Phase[]): readonly Shot[] {
  const last = phases.at(-1);
  if (!last) return [];
  const can = ({ protocol, device, mark, goesOn }: Shot): boolean =>
    protocol === 'tcp' && device === undefined && mark === undefined && !goesOn;
  phases[phases.length - 1] = {
    ...last,
    shots: last.shots.map((shot) => (can(shot) ? { ...shot, stays: true } : shot)),
  };
  return last.shots.filter(can).map((shot) => ({ ...shot, goesOn: true }));
}

/**
 * By the ports, the kernel chooses a nexthop for a segment that is forwarded by its sender's socket, which has a random number for
 * that: such a connection is none of this. All others, and all datagrams, stay.
 */
function withoutChance(phases: readonly Phase[]): readonly Phase[] {
  const byPorts = hasStep(phases, 'hash_policy');
  // To an address that the router has no longer, too.
  const isForwarded = ({ host, port, destination }: Shot): boolean =>
    host === 'lan' ||
    (host === 'internet' &&
      (port === ports.forwarded || destination.startsWith('10.') || hasStep(phases, `address delete ${destination}/`)));
  if (!byPorts) return phases;
  return phases.map(({ steps, shots }) => ({
    steps,
    shots: shots.map((shot) => (shot.protocol === 'tcp' && isForwarded(shot) ? asDatagram(shot) : shot)),
  }));
}

/**
 * Where nexthops are chosen by what is known of their gateways, the first packet by one that is silent has it known: of several at a
 * time, it is a matter of time which that is. From when a carrier is lost there, each phase has one flow, and no connection outlasts
 * its own.
 */
function withoutHaste(phases: readonly Phase[]): readonly Phase[] {
  const lost = phases.findIndex(({ steps }) => steps.some(({ tries }) => tries.includes('carrier lost')));
  if (lost < 0 || !hasStep(phases, 'fib_multipath_use_neigh')) return phases;
  return phases.map(({ steps, shots }, index) => ({
    steps,
    shots: shots
      .filter(({ goesOn }) => !goesOn)
      .slice(0, index < lost ? undefined : 1)
      .map(({ stays: _, ...shot }) => shot),
  }));
}

const hasStep = (phases: readonly Phase[], text: string): boolean =>
  phases.some(({ steps }) => steps.some(({ script }) => script.includes(text)));

function asDatagram({ host, destination, port, sourcePort, source }: Shot): Shot {
  return { host, protocol: 'udp', destination, port, sourcePort, ...(source !== undefined && { source }) };
}
