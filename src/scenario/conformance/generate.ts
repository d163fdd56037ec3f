import fc from 'fast-check';
import type { Shot } from '../../backend/volley.ts';
import { asIptables, asNft, filter } from './filters.ts';
import { defaults, one, route, rule, sysctl, textbook, type Line } from './routing.ts';
import { aims, shotsOf } from './traffic.ts';
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

const setUp: fc.Arbitrary<readonly Step[]> = fc
  .record({
    sysctls: fc.array(sysctl, { maxLength: 5 }),
    defaults,
    textbook,
    routes: fc.array(route, { maxLength: 6 }),
    rules: fc.array(rule, { maxLength: 6 }),
    filters: fc.array(filter, { maxLength: 6 }),
    tool: one('nft', 'iptables'),
  })
  .map(({ sysctls, filters, tool, ...parts }): readonly Step[] => [
    ...sysctls.map(({ text, tries }): Step => {
      const [key = '', value = ''] = text.split(' ');
      return { host: 'server', script: `echo ${value} >/proc/sys/net/ipv4/${key}`, tries: [tries] };
    }),
    ...batch([...parts.defaults, ...parts.textbook, ...parts.routes, ...parts.rules]),
    ...(filters.length === 0
      ? []
      : [
          {
            host: 'server',
            script: tool === 'nft' ? asNft(filters) : asIptables(filters),
            tries: [...filters.map(({ tries }) => tries), tool],
          },
        ]),
  ]);

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
  { weight: 3, arbitrary: route.map((changed) => batch([{ ...changed, tries: `${changed.tries} replaced` }])) },
  { weight: 2, arbitrary: rule.map((added) => batch([{ ...added, tries: `${added.tries} added` }])) },
  {
    weight: 2,
    arbitrary: fc.constant([{ host: 'server', script: 'conntrack -F 2>/dev/null', tries: ['conntrack flushed'] }]),
  },
  {
    weight: 1,
    arbitrary: sysctl.map(({ text, tries }) => [
      {
        host: 'server',
        script: `echo ${text.split(' ')[1] ?? ''} >/proc/sys/net/ipv4/${text.split(' ')[0] ?? ''}`,
        tries: [`${tries} changed`],
      },
    ]),
  },
);

/** All that may be tried: a set-up and its traffic, and then up to two events, each with the traffic that meets it. */
export const trials: fc.Arbitrary<Trial> = fc
  .record({
    seed: fc.integer({ min: 1, max: 0x7fffffff }),
    setUp,
    first: aims,
    later: fc.array(fc.record({ event, aims }), { maxLength: 2 }),
  })
  .map(({ seed, setUp: steps, first, later }): Trial => ({
    seed,
    phases: withoutChance([
      { steps, shots: shotsOf(first, 20_000) },
      ...later.map((phase, index): Phase => ({ steps: phase.event, shots: shotsOf(phase.aims, 20_100 + 100 * index) })),
    ]),
  }));

/**
 * By the ports, the kernel chooses a nexthop for a segment that is forwarded by its sender's socket, which has a random number for
 * that: such a connection is none of this. All others, and all datagrams, stay.
 */
function withoutChance(phases: readonly Phase[]): readonly Phase[] {
  const byPorts = phases.some(({ steps }) => steps.some(({ script }) => script.includes('hash_policy')));
  const isForwarded = ({ host, port }: Shot): boolean =>
    host === 'lan' || (host === 'internet' && port === ports.forwarded);
  if (!byPorts) return phases;
  return phases.map(({ steps, shots }) => ({
    steps,
    shots: shots.map((shot) => (shot.protocol === 'tcp' && isForwarded(shot) ? { ...shot, protocol: 'udp' } : shot)),
  }));
}
