// Routes, rules and sysctls at random, as lines of a script.
import fc from 'fast-check';
import { home, lines, ports } from './trial.ts';

const line = fc.constantFrom(...lines);
export const table = fc.constantFrom('main', ...lines.map(({ table: number }) => String(number)), '200');
export const priority = fc.integer({ min: 100, max: 115 });
const mark = fc.integer({ min: 1, max: 4 });
/** Remote networks, of which one holds another. */
export const remote = fc.constantFrom(
  ...[
    'default',
    '198.18.0.0/15',
    '198.18.0.0/16',
    '198.19.0.0/16',
    '198.18.0.0/17',
    '198.18.128.0/18',
    '198.19.64.0/18',
  ],
);
const weight = fc.integer({ min: 1, max: 10 });
const metric = fc.constantFrom('', '', ' metric 10', ' metric 20');
export const one = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

/** Lines of an `ip -batch`, with what they try. */
export interface Line {
  readonly text: string;
  readonly tries: string;
}
const written = (arbitrary: fc.Arbitrary<string>, tries: string): fc.Arbitrary<Line> =>
  arbitrary.map((text) => ({ text, tries }));

const via = line.map(({ name, gateway }) => `via ${gateway} dev ${name}`);
const hops = fc.uniqueArray(fc.record({ to: line, weight }), {
  minLength: 2,
  maxLength: 4,
  selector: ({ to }) => to.name,
});

export const route = fc.oneof(
  {
    weight: 6,
    arbitrary: written(
      fc
        .tuple(remote, via, table, metric)
        .map(([to, by, where, cost]) => `route replace ${to} ${by} table ${where}${cost}`),
      'route',
    ),
  },
  {
    weight: 6,
    arbitrary: written(
      fc
        .tuple(remote, hops, table, metric)
        .map(
          ([to, many, where, cost]) =>
            `route replace ${to} table ${where}${cost} ${many.map(({ to: { gateway, name }, weight: share }) => `nexthop via ${gateway} dev ${name} weight ${share}`).join(' ')}`,
        ),
      'multipath route',
    ),
  },
  {
    weight: 2,
    arbitrary: written(
      fc
        .tuple(remote, via, line, table)
        .map(([to, by, { address }, where]) => `route replace ${to} ${by} src ${address} table ${where} metric 5`),
      'route with a source',
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(one('unreachable', 'blackhole', 'prohibit', 'throw'), remote, table, metric)
      .map(([type, to, where, cost]) => ({
        text: `route replace ${type} ${to} table ${where}${cost}`,
        tries: `${type} route`,
      })),
  },
  {
    weight: 2,
    arbitrary: written(
      fc
        .tuple(
          one('append', 'prepend', 'add'),
          remote.filter((to) => to !== 'default'),
          via,
          table,
          metric,
        )
        .map(([how, to, by, where, cost]) => `route ${how} ${to} ${by} table ${where}${cost}`),
      'route beside others',
    ),
  },
  {
    weight: 2,
    arbitrary: written(
      fc
        .tuple(
          remote.filter((to) => to !== 'default'),
          via,
          table,
        )
        .map(([to, by, where]) => `route replace tos 0x10 ${to} ${by} table ${where}`),
      'route by TOS',
    ),
  },
  {
    weight: 1,
    arbitrary: written(
      fc
        .tuple(remote, line, table)
        .map(([to, { name }, where]) => `route replace ${to} dev ${name} table ${where} metric 7`),
      'route on the link',
    ),
  },
);

const selector = fc.oneof(
  written(
    line.map(({ address }) => `from ${address}`),
    'rule by source',
  ),
  written(fc.constant(`from ${home.network}`), 'rule by source'),
  written(
    remote.filter((to) => to !== 'default').map((to) => `to ${to}`),
    'rule by destination',
  ),
  written(
    fc.tuple(mark, one('', '/0x3', '/0xff')).map(([value, mask]) => `fwmark ${value}${mask}`),
    'rule by mark',
  ),
  written(
    one(home.name, 'lo', ...lines.map(({ name }) => name)).map((name) => `iif ${name}`),
    'rule by input',
  ),
  written(
    line.map(({ name }) => `oif ${name}`),
    'rule by output',
  ),
  written(
    one('udp', 'tcp', 'icmp').map((protocol) => `ipproto ${protocol}`),
    'rule by protocol',
  ),
  written(fc.constant('tos 0x10'), 'rule by TOS'),
  written(
    one('0-0', '1-4000000', '0-4294967294').map((users) => `uidrange ${users}`),
    'rule by user',
  ),
  written(
    fc
      .tuple(one('udp', 'tcp'), one('dport', 'sport'), one(...Object.values(ports)))
      .map(([protocol, end, port]) => `ipproto ${protocol} ${end} ${port}`),
    'rule by port',
  ),
);
export const rule = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(selector, table, priority, one('', '', '', 'not '))
      .map(([{ text, tries }, where, at, not]): Line => ({
        text: `rule add ${not}${text} priority ${at} lookup ${where}`,
        tries: not ? `${tries}, inverted` : tries,
      })),
  },
  {
    weight: 2,
    arbitrary: written(
      fc
        .tuple(one(0, 15, 16, 17), priority)
        .map(([length, at]) => `rule add priority ${at} lookup main suppress_prefixlength ${length}`),
      'suppress_prefixlength',
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(one('unreachable', 'blackhole', 'prohibit', 'nop'), selector, priority)
      .map(([type, { text }, at]): Line => ({
        text: `rule add ${text} priority ${at} ${type}`,
        tries: `${type} rule`,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(selector, priority, fc.integer({ min: 1, max: 8 })).map(([{ text }, at, further]): Line => ({
      text: `rule add ${text} priority ${at} goto ${at + further}`,
      tries: 'goto rule',
    })),
  },
);

export const objects = lines.map(({ gateway, name }, index): Line => ({
  text: `nexthop add id ${index + 1} via ${gateway} dev ${name}`,
  tries: 'nexthop object',
}));
export const group = fc
  .tuple(
    one(11, 12),
    fc.uniqueArray(fc.record({ id: one(1, 2, 3, 4), weight }), { minLength: 1, selector: ({ id }) => id }),
  )
  .map(([id, members]): Line => ({
    text: `nexthop replace id ${id} group ${members.map((each) => `${each.id},${each.weight}`).join('/')}`,
    tries: 'group of nexthop objects',
  }));
const byObject = fc.tuple(remote, one(1, 2, 11, 12), table, metric).map(([to, id, where, cost]): Line => ({
  text: `route replace ${to} nhid ${id} table ${where}${cost}`,
  tries: 'route by nexthop object',
}));
/** Nexthops as objects, groups of them, and routes by them; in most trials none. */
export const nexthopObjects = fc.oneof(
  { weight: 3, arbitrary: fc.constant<readonly Line[]>([]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(group, { minLength: 1, maxLength: 2 }), fc.array(byObject, { minLength: 1, maxLength: 4 }))
      .map(([groups, routes]): readonly Line[] => [...objects, ...groups, ...routes]),
  },
);

const interfaces = one('all', home.name, ...lines.map(({ name }) => name));
export const sysctl: fc.Arbitrary<Line> = fc.oneof(
  fc
    .tuple(interfaces, one(0, 1, 2))
    .map(([device, value]) => ({ text: `conf/${device}/rp_filter ${value}`, tries: 'rp_filter' })),
  one(1, 2).map((value) => ({ text: `conf/all/rp_filter ${value}`, tries: 'rp_filter' })),
  fc
    .tuple(interfaces, one(0, 1))
    .map(([device, value]) => ({ text: `conf/${device}/accept_local ${value}`, tries: 'accept_local' })),
  fc
    .tuple(interfaces, one(0, 1))
    .map(([device, value]) => ({ text: `conf/${device}/src_valid_mark ${value}`, tries: 'src_valid_mark' })),
  fc.tuple(interfaces, one(0, 1)).map(([device, value]) => ({
    text: `conf/${device}/ignore_routes_with_linkdown ${value}`,
    tries: 'ignore_routes_with_linkdown',
  })),
  one(0, 1, 2, 3, 3).map((value) => ({ text: `fib_multipath_hash_policy ${value}`, tries: `hash policy ${value}` })),
  fc
    .integer({ min: 1, max: 63 })
    .map((value) => ({ text: `fib_multipath_hash_fields ${value}`, tries: 'fields of hash policy 3' })),
  fc.constant({ text: 'fib_multipath_use_neigh 1', tries: 'fib_multipath_use_neigh' }),
  fc
    .tuple(interfaces, one(0, 1))
    .map(([device, value]) => ({ text: `conf/${device}/forwarding ${value}`, tries: 'forwarding' })),
  fc.constant({ text: 'fwmark_reflect 1', tries: 'fwmark_reflect' }),
  fc.constant({ text: 'tcp_fwmark_accept 1', tries: 'tcp_fwmark_accept' }),
);

/** As it is reset, main has no route that leads anywhere; nearly always somebody has made one. */
export const defaults = fc.oneof(
  { weight: 1, arbitrary: fc.constant<readonly Line[]>([]) },
  { weight: 5, arbitrary: via.map((by): readonly Line[] => [{ text: `route replace default ${by}`, tries: 'route' }]) },
  {
    weight: 5,
    arbitrary: hops.map((many): readonly Line[] => [
      {
        text: `route replace default ${many.map(({ to: { gateway, name }, weight: share }) => `nexthop via ${gateway} dev ${name} weight ${share}`).join(' ')}`,
        tries: 'multipath route',
      },
    ]),
  },
);
/** The table of each line, as the textbooks have it. */
export const textbook = fc.subarray(lines).map((some): readonly Line[] =>
  some.map(({ name, gateway, table: number }) => ({
    text: `route replace default via ${gateway} dev ${name} table ${number}`,
    tries: 'route',
  })),
);
