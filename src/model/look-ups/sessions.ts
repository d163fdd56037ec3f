import { formatIPv4 } from '../../net/address.ts';
import type { Random } from '../random.ts';

/** What a look-up begins with. */
export const lookUpWords = 'route get ';

export const isLookUp = (line: string): boolean => line.startsWith(lookUpWords);

/** A host that is made, changed and asked for routes, as lines of `ip`. */
export interface Session {
  /** By their path below /proc/sys/net with dots; they come first. */
  readonly sysctls: readonly (readonly [name: string, value: number])[];
  /** `ip`'s words, of a command or of a look-up (`route get …`); an empty one is a pause in which links settle. */
  readonly lines: readonly string[];
}

const uplinks = [0, 1, 2, 3];
const tables = [101, 102, 103, 254];
const pick = <Value>(random: Random, values: readonly Value[]): Value => {
  const value = values[random.below(values.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
};
const gateway = (uplink: number): string => `198.18.${uplink}.1`;
const own = (uplink: number): string => `198.18.${uplink}.2`;
/** Few destinations, so that routes and look-ups meet. */
const anywhere = (random: Random): string =>
  pick(random, [
    () => formatIPv4(0x14000000 + random.below(0x50000000)),
    () => `20.${random.below(4)}.${random.below(4)}.${1 + random.below(4)}`,
    () => `198.18.${random.below(5)}.${1 + random.below(4)}`,
  ])();
const source = (random: Random): string => pick(random, [...uplinks.map(own), '203.0.113.7', '198.18.1.3', '10.9.9.9']);

function nexthop(random: Random): string {
  const uplink = pick(random, uplinks);
  return pick(random, [`via ${gateway(uplink)} dev up${uplink}`, `via ${gateway(uplink)}`, `dev up${uplink}`]);
}

function nexthops(random: Random, count: number): string {
  const largest = pick(random, [2, 10, 256]);
  const each = Array.from({ length: count }, () => {
    const uplink = pick(random, uplinks);
    return `nexthop via ${gateway(uplink)} dev up${uplink} weight ${1 + random.below(largest)}`;
  });
  return each.join(' ');
}

/** A command that changes routing; now and then one that the kernel refuses. */
function command(random: Random): string {
  const prefix = pick(random, [
    'default',
    '20.0.0.0/8',
    `20.${random.below(4)}.0.0/16`,
    `20.${random.below(4)}.${random.below(4)}.0/24`,
    `20.0.0.${random.below(4)}`,
  ]);
  const table = `table ${pick(random, tables)}`;
  const metric = pick(random, ['', '', `metric ${random.below(3) * 10}`]);
  const route = pick(random, ['add', 'add', 'append', 'prepend', 'replace', 'change', 'delete']);
  const rulePriority = pick(random, ['', `priority ${100 + random.below(6)}`]);
  return pick(random, [
    () => `route ${route} ${prefix} ${nexthop(random)} ${table} ${metric}`,
    () => `route ${route} ${prefix} ${nexthop(random)} src ${source(random)} ${table} ${metric}`,
    () =>
      `route ${route} ${pick(random, ['unreachable', 'blackhole', 'prohibit', 'throw'])} ${prefix} ${table} ${metric}`,
    () => `route ${route} ${prefix} ${table} ${metric} ${nexthops(random, 2 + random.below(3))}`,
    () => `rule add from ${source(random)} ${table} ${rulePriority}`,
    () => `rule add to 20.${random.below(4)}.0.0/16 ${table} ${rulePriority}`,
    () => `rule add fwmark ${random.below(4)}/0x3 ${table} ${rulePriority}`,
    () => `rule add not from ${source(random)} ${table} ${rulePriority}`,
    () => `rule add ipproto udp dport ${1 + random.below(4)} ${table} ${rulePriority}`,
    () => `rule add ipproto ${pick(random, ['udp', 'tcp'])} to 20.${random.below(4)}.0.0/16 ${table} ${rulePriority}`,
    () => `rule add table 254 suppress_prefixlength ${random.below(17)} ${rulePriority}`,
    () => `rule add oif up${pick(random, uplinks)} ${table} ${rulePriority}`,
    () => `rule add iif ${pick(random, ['lo', `up${pick(random, uplinks)}`])} ${table} ${rulePriority}`,
    () => `rule delete from ${source(random)}`,
    () => `rule add goto ${100 + random.below(8)} priority ${100 + random.below(4)} from ${source(random)}`,
    () =>
      `rule add ${pick(random, ['unreachable', 'blackhole', 'prohibit'])} to 20.3.${random.below(4)}.0/24 ${rulePriority}`,
    () => `address add 198.18.${pick(random, uplinks)}.${3 + random.below(2)}/24 dev up${pick(random, uplinks)}`,
    () => `address delete 198.18.${random.below(4)}.${2 + random.below(3)}/24 dev up${random.below(4)}`,
  ])();
}

function linkCommand(random: Random): string {
  return `link set ${pick(random, ['up', 'peer'])}${pick(random, uplinks)} ${pick(random, ['up', 'down', 'up'])}`;
}

/** What the host sends itself, or what it is to pass on. */
function lookup(random: Random): string {
  const ports = pick(random, [
    () => '',
    () => `ipproto ${pick(random, ['udp', 'tcp'])} sport ${1 + random.below(9)} dport ${1 + random.below(4)}`,
    () => `ipproto udp sport ${1 + random.below(65535)} dport ${1 + random.below(65535)}`,
  ])();
  const mark = pick(random, ['', '', `mark ${1 + random.below(3)}`]);
  if (random.below(4) === 0) {
    const elsewhere = pick(random, ['10.9.9.9', `21.0.0.${1 + random.below(254)}`]);
    return `${lookUpWords}${anywhere(random)} from ${elsewhere} iif up${pick(random, uplinks)} ${mark} ${ports}`;
  }
  const from = pick(random, ['', '', `from ${source(random)}`]);
  const output = pick(random, ['', '', '', `oif up${pick(random, uplinks)}`]);
  return `${lookUpWords}${anywhere(random)} ${from} ${output} ${mark} ${ports}`;
}

function settings(random: Random): readonly (readonly [string, number])[] {
  const policy = random.below(4);
  return [
    ['ipv4.ip_forward', 1],
    ['ipv4.fib_multipath_hash_seed', 1 + random.below(0xffffffff)],
    ['ipv4.fib_multipath_hash_policy', policy],
    ...(policy === 3 ? [['ipv4.fib_multipath_hash_fields', 1 + random.below(0x3f)] as const] : []),
    ['ipv4.conf.all.ignore_routes_with_linkdown', random.below(2)],
    ['ipv4.conf.all.rp_filter', 0],
    ['ipv4.conf.default.rp_filter', 0],
  ];
}

const build = [
  'link set lo up',
  'address add 203.0.113.7/32 dev lo',
  ...uplinks.flatMap((uplink) => [
    `link add up${uplink} type veth peer name peer${uplink}`,
    `link set peer${uplink} up`,
    `link set up${uplink} up`,
    `address add ${own(uplink)}/24 dev up${uplink}`,
  ]),
];

/** Look-ups after each few changes, so that what a change left behind is seen. */
export function randomSession(random: Random): Session {
  const sysctls = settings(random);
  const links = random.below(3) === 0;
  const rounds = Array.from({ length: links ? 8 : 20 }, () => [
    ...Array.from({ length: 1 + random.below(4) }, () => command(random)),
    ...(links ? [linkCommand(random), ''] : []),
    ...Array.from({ length: 12 }, () => lookup(random)),
  ]);
  const balanced = `route add default metric 100 ${nexthops(random, 4)}`;
  const lines = [...build, balanced, '', ...rounds.flat()];
  return { sysctls, lines: lines.map((line) => line.replaceAll(/ +/g, ' ').trim()) };
}

const neighbourStates = ['reachable', 'stale', 'failed', 'incomplete', 'none', 'permanent', 'noarp'];

/** A default route, mostly by one gateway, or a word about a gateway: a line or two. */
function defaultCommand(random: Random): string {
  const uplink = pick(random, uplinks);
  const at = `198.18.${uplink}.${pick(random, [1, 1, 1, 3])}`;
  const metric = pick(random, ['', '', 'metric 10']);
  const tos = pick(random, ['', '', '', 'tos 0x10']);
  const table = pick(random, ['', '', 'table 101']);
  return pick(random, [
    ...Array.from(
      { length: 5 },
      () => (): string =>
        `neighbour replace ${at} dev up${uplink} lladdr 02:00:00:00:00:0${uplink} nud ${pick(random, neighbourStates)}`,
    ),
    // Without the entry, ip would end its batch.
    () => `neighbour replace ${at} dev up${uplink} nud none\nneighbour delete ${at} dev up${uplink}`,
    ...Array.from(
      { length: 4 },
      () => (): string =>
        `route ${pick(random, ['append', 'append', 'prepend', 'replace'])} ${tos} default via ${at} ${metric} ${table}`,
    ),
    () => `route delete ${tos} default ${metric} ${table}`,
    () => `route append default dev up${uplink} ${metric} ${table}`,
    () => `route append default ${metric} ${table} ${nexthops(random, 2)}`,
    () => `route prepend unreachable default metric ${pick(random, [5, 10])} ${table}`,
    () => `rule add from ${own(uplink)} table 101 priority ${100 + random.below(4)}`,
  ])();
}

/**
 * Several default routes by gateways of which more or less is known, and each look-up made more than once: they remember
 * what they chose. The lines of one pause take less time than a neighbour stays reachable.
 */
export function randomDefaultsSession(random: Random): Session {
  const look = (): readonly string[] => {
    const tos = pick(random, ['', '', 'tos 0x10']);
    const from = pick(random, ['', '', '', `from ${own(random.below(4))}`, `oif up${random.below(4)}`]);
    const iif = `from 10.9.9.9 iif up${random.below(4)}`;
    const line = `${lookUpWords}20.0.0.${random.below(9)} ${random.below(8) === 0 ? iif : from} ${tos}`;
    return Array.from({ length: 1 + random.below(3) }, () => line);
  };
  const rounds = Array.from({ length: 50 }, () => [
    ...Array.from({ length: 1 + random.below(3) }, () => defaultCommand(random).split('\n')).flat(),
    ...Array.from({ length: 3 }, look).flat(),
  ]);
  const first = uplinks.map((uplink) => `route append default via ${gateway(uplink)}`);
  const lines = [...build, '', ...first, ...rounds.flat()];
  return { sysctls: settings(random), lines: lines.map((line) => line.replaceAll(/ +/g, ' ').trim()) };
}

/** What matters of what `ip route get` prints: the kind of route, its gateway, device and source address. */
export function decision(printed: string): string {
  const kind = /^(?:local|broadcast|multicast) /.exec(printed)?.[0] ?? '';
  return kind + Array.from(printed.matchAll(/\b(?:via|dev|src) \S+/g), ([field]) => field).join(' ');
}
