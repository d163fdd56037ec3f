/** Rules made at random, for the tests: what nft takes, and what is a token away from it. */
import fc from 'fast-check';

const pick = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
/** The parts one after the other, with blanks between. */
const words = (...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((texts) => texts.filter((text) => text !== '').join(' '));
const number = (max: number): fc.Arbitrary<string> => fc.integer({ min: 0, max }).map(String);
const hex = (max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max }).map((value) => `0x${value.toString(16)}`);
const list = (item: fc.Arbitrary<string>, max = 3): fc.Arbitrary<string> =>
  fc.uniqueArray(item, { minLength: 1, maxLength: max }).map((items) => `{ ${items.join(', ')} }`);

const octets = (...firsts: readonly number[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...firsts), number(255), number(255), number(255)).map((parts) => parts.join('.'));
const anyAddress = octets(10, 192, 203);
const prefix = fc.tuple(anyAddress, fc.integer({ min: 1, max: 32 })).map(([address, length]) => `${address}/${length}`);
const addressRange = fc.tuple(octets(11), octets(13)).map((ends) => ends.join('-'));
const anyPort = fc.oneof(fc.integer({ min: 1, max: 65535 }).map(String), pick('ssh', 'http', 'domain', 'openvpn'));
const portRange = fc.tuple(number(1000), fc.integer({ min: 1001, max: 65535 })).map((ends) => ends.join('-'));
const device = pick('"eth0"', 'eth1', '"ppp*"', 'tun0', '"eth0.100"');
const protocolName = pick('tcp', 'udp', 'icmp', '47');
const anyMark = fc.oneof(hex(0xffffffff), number(100));
const compare = pick('', '', '', '==', '!=');
const order = pick('<', '>', '<=', '>=');

/** A field against one value, a range, or a set. */
const field = (name: string, one: fc.Arbitrary<string>, many: fc.Arbitrary<string> = one): fc.Arbitrary<string> =>
  fc.oneof(words(name, compare, one), words(name, compare, many), words(name, pick('', '!='), list(one)));

const flag = pick('syn', 'ack', 'fin', 'rst', 'psh', 'urg');
const state = pick('new', 'established', 'related', 'invalid', 'untracked');
const commas = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.uniqueArray(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(','));
const size = number(65535);
const sizeRange = fc.tuple(number(500), fc.integer({ min: 501, max: 65535 })).map((ends) => ends.join('-'));

const matches: fc.Arbitrary<string> = fc.oneof(
  field('ip saddr', anyAddress, fc.oneof(prefix, addressRange)),
  field('ip daddr', anyAddress, fc.oneof(prefix, addressRange)),
  words('ip daddr !=', list(fc.oneof(octets(14), fc.constant('15.0.0.0/8'), fc.constant('16.1.0.0/17')))),
  words('ip saddr &', pick('255.0.255.0', '0.0.0.255'), pick('==', '!='), '10.0.3.0'),
  field('ip protocol', protocolName),
  field('meta l4proto', protocolName),
  field('ip ttl', number(255)),
  words('ip ttl', order, number(255)),
  field('ip length', size, sizeRange),
  field('ip id', size),
  field('ip dscp', pick('ef', 'cs1', 'af41', '0x2d', '5')),
  words('ip frag-off & 0x1fff', pick('==', '!='), '0'),
  ...['tcp sport', 'tcp dport', 'udp sport', 'udp dport', 'th dport'].map((name) => field(name, anyPort, portRange)),
  words('tcp dport', order, number(65535)),
  words('tcp flags', commas(flag)),
  words('tcp flags', pick('==', '!=', '!'), flag),
  words('tcp flags', pick('', '==', '!='), flag, '/', pick('syn,ack', 'fin,syn,rst,ack', 'urg,psh', 'syn')),
  words('tcp flags & (', flag, '|', flag, ')', pick('==', '!='), fc.oneof(flag, fc.constant('0'))),
  words('tcp flags', list(flag)),
  field('icmp type', pick('echo-request', 'echo-reply', '3', 'time-exceeded', 'redirect')),
  words('icmp code', compare, number(15)),
  field('meta mark', anyMark),
  words(pick('meta mark', 'mark', 'ct mark'), '&', hex(0xffff), pick('==', '!='), hex(0xff)),
  words('ct mark', pick('and 0xff == 0x3', '!= 0', '0x1-0x5', '| 0x1 != 0x3', '^ 0xf == 1')),
  field('ct mark', anyMark),
  words('ct state', commas(state)),
  words('ct state', pick('!=', '==', '!'), state),
  words('ct state', list(state)),
  words('ct status', commas(pick('snat', 'dnat', 'assured', 'seen-reply', 'confirmed'))),
  words('ct direction', compare, pick('original', 'reply')),
  words('ct', pick('original', 'reply'), 'ip', field('saddr', anyAddress, prefix)),
  words('meta l4proto tcp ct original proto-dst', compare, anyPort),
  field('iifname', device),
  field('oifname', device),
  field('meta iifname', device),
  words(pick('iif', 'meta oif'), pick('', '!='), pick('lo', '"lo"', '1')),
  words('meta pkttype', pick('host', 'unicast', 'broadcast', 'multicast', 'other')),
  field('meta length', size, sizeRange),
  words('meta skuid', compare, pick('0', 'root', '1000')),
  words(
    'fib',
    pick('saddr . iif', 'saddr', 'daddr . mark', 'daddr . oif', 'saddr . mark . iif'),
    'oif',
    pick('exists', 'missing'),
  ),
  words(
    'fib',
    pick('daddr', 'saddr . iif', 'daddr . oif'),
    'type',
    compare,
    pick('local', 'unicast', 'broadcast', '{ local, multicast }'),
  ),
  words('fib daddr oifname', compare, '"eth0"'),
  words('socket transparent', compare, pick('0', '1')),
  words('socket mark', compare, anyMark),
  words(
    'numgen',
    pick('inc', 'random'),
    'mod',
    fc.integer({ min: 4, max: 9 }).map(String),
    pick('', 'offset 5'),
    pick('== 1', '1', '< 2', '{ 1, 3 }'),
  ),
  words('ip saddr . tcp dport', pick('', '!='), list(words(octets(10, 20, 30), '.', anyPort))),
  words('ip saddr . iifname @', 'pairs'),
  words('ip daddr', pick('', '!='), '@', pick('hosts', 'nets')),
  words('ip saddr . udp dport @flows'),
);

const marks = fc.oneof(
  anyMark,
  pick(
    'ct mark',
    'meta mark | 0x10',
    'ct mark & 0xff',
    'mark and 0xfffffffd xor 0x1',
    '(ct mark & 0xf0) | 0x3',
    'meta mark << 4',
  ),
  words('numgen', pick('inc', 'random'), 'mod 2 map { 0 :', anyMark, ', 1 :', anyMark, '}'),
  words('jhash ip saddr . ip daddr mod 3', pick('', 'seed 0x1234'), pick('', 'offset 100')),
  words('ip saddr map', pick('{ 10.0.0.1 : 1, 10.0.0.2 : 0x2 }', '@tomark')),
  words('iifname map { "eth0" : 1, "ppp*" : 0x2 }'),
);

/** Statements that a rule goes on after. */
const steps: fc.Arbitrary<string> = fc.oneof(
  pick('counter', 'notrack', 'log', 'log prefix "x: "', 'meta nftrace set 1'),
  words(
    'limit rate',
    pick('', 'over'),
    fc.integer({ min: 1, max: 1000 }).map(String),
    '/',
    pick('second', 'minute', 'hour', 'day'),
    pick('', 'burst 7 packets'),
  ),
  words('ct count', pick('', 'over'), number(100)),
  words(pick('meta mark set', 'ct mark set', 'mark set'), marks),
  words('ip', pick('saddr', 'daddr'), 'set', anyAddress),
  words('ip ttl set', number(255)),
  words('ip dscp set', pick('ef', '0x12', 'cs3')),
  words(
    pick('udp sport', 'tcp dport', 'udp dport'),
    'set',
    fc.oneof(anyPort, fc.constant('numgen inc mod 2 map { 0 : 1001, 1 : 1002 }')),
  ),
  words(pick('add', 'update'), '@flows { ip saddr . udp dport', pick('', 'timeout 5s', 'timeout 1m30s'), '}'),
  words('add @hosts2 { ip daddr }'),
  words('tcp flags syn tcp option maxseg size set', pick('rt mtu', '1400')),
);

/** What a rule may end with. */
const ends: fc.Arbitrary<string> = fc.oneof(
  pick('accept', 'drop', 'return', 'continue', 'jump other', 'goto other', ''),
  words('reject', pick('', 'with tcp reset', 'with icmp type host-unreachable', 'with icmp admin-prohibited')),
  words(
    'tcp dport vmap {',
    anyPort,
    ': accept,',
    portRange.map((range) => range.replace(/^\d+/, '60000').replace(/-\d+$/, '-65000')),
    ': drop }',
  ),
  words('ct state vmap { established : accept, related : accept, invalid : drop }'),
  words('ip saddr vmap @verdicts'),
  words('iifname vmap { "eth0" : jump other, "ppp*" : accept }'),
  words('meta mark & 0x3 vmap { 0x1 : accept, 2 : drop }'),
);

const natFlags = pick('', '', 'random', 'persistent', 'fully-random', 'random,persistent');
const ports = fc.oneof(anyPort, portRange);
const destinationNat: fc.Arbitrary<string> = fc.oneof(
  words('dnat to', fc.oneof(anyAddress, addressRange), natFlags),
  words(
    'meta l4proto tcp dnat to',
    fc.tuple(anyAddress, ports).map((parts) => parts.join(':')),
    natFlags,
  ),
  words('udp dport 53 dnat to :', anyPort),
  words(
    'dnat to',
    pick(
      'ip saddr map { 10.0.0.1 : 10.0.0.2, 10.0.0.3 : 10.0.0.4 }',
      'numgen inc mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }',
    ),
  ),
  words('dnat ip addr . port to tcp dport map { 80 : 10.0.0.1 . 8080, 443 : 10.0.0.2 . 8443 }'),
  words('tcp dport 80 dnat to jhash ip saddr mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 81 }'),
  words(
    'meta l4proto { tcp, udp } redirect to',
    fc.oneof(
      anyPort,
      ports.map((port) => `:${port}`),
    ),
    natFlags,
  ),
  words('redirect'),
);
const sourceNat: fc.Arbitrary<string> = fc.oneof(
  words('snat to', fc.oneof(anyAddress, addressRange), natFlags),
  words(
    'ip protocol udp snat to',
    fc.tuple(anyAddress, portRange).map((parts) => parts.join(':')),
    natFlags,
  ),
  words('masquerade', natFlags),
  words(
    'meta l4proto tcp masquerade to',
    ports.map((port) => `:${port}`),
    natFlags,
  ),
);

const rest = fc.array(fc.oneof({ weight: 3, arbitrary: matches }, { weight: 1, arbitrary: steps }), { maxLength: 3 });
const rule = (end: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(rest, end).map(([parts, last]) => [...parts, last].filter((part) => part !== '').join(' '));

/** Rules as `add rule` takes them in the table of `groundwork`. */
export const rules: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 6, arbitrary: rule(ends) },
    { weight: 1, arbitrary: rule(destinationNat) },
    { weight: 1, arbitrary: rule(sourceNat) },
  )
  .filter((text) => text !== '');

/** The same with a token left out, doubled, or put in another's place. */
export const mutations: fc.Arbitrary<string> = fc
  .tuple(rules, rules, fc.nat(), fc.nat(), fc.constantFrom('drop', 'double', 'replace', 'swap'))
  .map(([text, other, one, two, how]) => {
    const tokens = text.split(' ');
    const foreign = other.split(' ');
    const index = one % tokens.length;
    const token = tokens[index] ?? '';
    const instead: Readonly<Record<typeof how, readonly string[]>> = {
      drop: [],
      double: [token, token],
      replace: [foreign[two % foreign.length] ?? ''],
      swap: [tokens[index + 1] ?? '', token],
    };
    return tokens
      .toSpliced(index, how === 'swap' ? 2 : 1, ...instead[how])
      .join(' ')
      .trim();
  })
  .filter((text) => text !== '');

/** The table in which the rules stand: what they name is there. No hook calls them, or it would be asked which suit it. */
export const groundwork = `
table TABLE {
  set hosts { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 }; }
  set hosts2 { type ipv4_addr; flags dynamic; size 100; }
  set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.1.5-192.168.1.9 }; }
  set pairs { type ipv4_addr . ifname; elements = { 10.0.0.1 . "eth0" }; }
  set flows { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 30s; size 1000; }
  map verdicts { type ipv4_addr : verdict; elements = { 10.0.0.1 : accept, 10.0.0.2 : jump other }; }
  map tomark { typeof ip saddr : meta mark; elements = { 10.0.0.1 : 0x1, 10.0.0.2 : 0x2 }; }
  chain other { }
  chain plain { }
}
`;
