/** What the readers' kernel tests share: command lines of `ip` such as people write, and nearly. The same at each run. */
import fc from 'fast-check';

const seed = 20260705;
export const sample = <T>(what: fc.Arbitrary<T>, count: number): readonly T[] =>
  fc.sample(what, { seed, numRuns: count });
export const one = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
/** Mostly of the first list, now and then of the second. */
export const mostly = (good: readonly string[], bad: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 60, arbitrary: one(...good) }, { weight: 1, arbitrary: one(...bad) });
export const phrase = (
  keyword: fc.Arbitrary<string>,
  ...values: readonly fc.Arbitrary<string>[]
): fc.Arbitrary<string[]> => fc.tuple(keyword, ...values).map((words) => [...words]);
export const some = (phrases: readonly fc.Arbitrary<string[]>[], most: number): fc.Arbitrary<string[]> =>
  fc
    .uniqueArray(fc.nat(phrases.length - 1), { maxLength: most })
    .chain((chosen) => fc.tuple(...chosen.flatMap((index) => phrases.slice(index, index + 1))))
    .map((chosen) => chosen.flat());
/** Now and then with a word lost, doubled, cut short, moved to the end or put in. */
export const damaged = (line: fc.Arbitrary<string[]>): fc.Arbitrary<string[]> =>
  fc
    .tuple(
      line,
      fc.constantFrom(...Array(30).keys()),
      fc.nat(),
      one('foo', 'dev', 'via', '7', '0x', 'table', 'nexthop', 'src'),
    )
    .map(([words, how, where, word]) => {
      const index = 2 + (where % Math.max(1, words.length - 2));
      const [head, hit, tail] = [words.slice(0, index), words[index] ?? '', words.slice(index + 1)];
      if (how === 0) return [...head, ...tail];
      if (how === 1) return [...head, hit, hit, ...tail];
      if (how === 2) return [...head, hit.slice(0, Math.ceil(hit.length / 2)), ...tail];
      if (how === 3) return [...head, ...tail, hit];
      return how === 4 ? [...head, word, hit, ...tail] : words;
    });

export const device = mostly(['up0', 'up1', 'lo'], ['nosuch', 'up 0']);
const gateway = mostly(['10.1.0.1', '10.2.0.1', '10.1.0.9'], ['10.1.1', '10.1.0.256', 'gateway', '10.1.0.1/24', '1:2']);
export const number = mostly(['1', '7', '0x20', '010', '4000000000'], ['-1', '08', '1x', '4294967296', 'one']);
export const table = mostly(
  ['100', 'main', 'local', 'default', '254', '0x1f4', '1010101'],
  ['mian', '4294967296', '-3'],
);
const prefixes = [
  ...[
    '10/8',
    '10.3/16',
    '172.16.5.0/24',
    '010.4.0.0/16',
    '0xac.16/12',
    '192.0.2.7',
    '192.0.2.7/32',
    '10.9.0.0/255.255.0.0',
  ],
  ...['192.0.2.128/0x19', '198.51.100.0/24', '1.2.3'],
];
const notPrefixes = [
  '10/33',
  '1.2.3.4.5',
  '10./8',
  '300.1',
  '08.1',
  '',
  'foo',
  '10.0.0.0/255.0.255.0',
  'default/0',
  '1.2.3.4/',
];
export const prefix = mostly(prefixes, notPrefixes);

const nexthop = fc
  .tuple(
    phrase(one('via'), gateway),
    some(
      [
        phrase(one('dev'), one('up0', 'up1')),
        phrase(one('weight'), mostly(['1', '2', '256', '0x8'], ['0', '257', 'x'])),
        phrase(one('onlink')),
      ],
      3,
    ),
  )
  .map(([via, more]) => ['nexthop', ...via, ...more]);
export const routeWords = [
  phrase(one('table', 'tab', 't'), table),
  phrase(one('metric', 'met', 'priority', 'p', 'pr', 'preference'), number),
  phrase(one('src'), mostly(['10.1.0.2', '10.2.0.2'], ['10.1.0.3', 'x'])),
  phrase(
    one('proto', 'protocol', 'pro'),
    mostly(['static', 'boot', 'kernel', '99', 'zebra', '0x40'], ['statik', '256']),
  ),
  phrase(one('scope'), mostly(['global', 'link', 'host', '253'], ['universe', '256'])),
  phrase(one('tos', 'dsfield', 'ds'), mostly(['8', '10', '0x10', 'CS1', 'AF11'], ['0x100', 'low', '1g'])),
  phrase(one('mtu', 'advmss', 'window', 'initcwnd'), mostly(['1400', '0x40'], ['big'])),
  phrase(one('mtu'), one('lock'), one('1400')),
  phrase(one('rto_min', 'rtt'), mostly(['200ms', '1s', '20'], ['1h'])),
];
const path = fc.oneof(
  phrase(one('dev', 'oif'), device),
  phrase(one('via'), gateway),
  phrase(one('via'), gateway, one('dev'), device),
  phrase(one('via'), one('inet'), gateway, one('dev'), device, one('onlink')),
  phrase(one('nhid'), one('1', '9', 'x')),
);
const destination = fc.oneof(
  { weight: 3, arbitrary: prefix.map((word) => [word]) },
  { weight: 2, arbitrary: one('default', '0/0', 'any', 'all').map((word) => [word]) },
  { weight: 1, arbitrary: prefix.map((word) => ['to', word]) },
  { weight: 1, arbitrary: fc.tuple(one('unicast', 'local', 'broadcast', 'brd', 'uni', 'b'), prefix) },
);
const nowhere = fc.tuple(one('unreachable', 'blackhole', 'prohibit', 'throw', 'unr', 'bl', 'thr'), prefix);
export const changes = one('add', 'a', 'append', 'app', 'prepend', 'replace', 'rep', 'change', 'chg', 'add');
export const route = (verb: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.tuple(destination, path, some(routeWords, 4)).map((parts) => parts.flat()) },
      { weight: 1, arbitrary: fc.tuple(nowhere, some(routeWords, 3)).map((parts) => parts.flat()) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(destination, some(routeWords, 2), fc.array(nexthop, { minLength: 1, maxLength: 3 }))
          .map(([to, words, nexthops]) => [...to, ...words, ...nexthops.flat()]),
      },
    )
    .chain((words) => fc.tuple(one('route', 'r', 'ro'), verb).map((start) => [...start, ...words]));

const ruleWords = [
  phrase(one('from'), prefix),
  phrase(one('to'), prefix),
  phrase(one('from'), one('all', 'any', 'default', '0/0')),
  phrase(one('fwmark'), mostly(['1', '0x10/0xf0', '0/0xff', '5/0', '0', '010/0xff'], ['x', '1/', '/1', '-1'])),
  phrase(one('priority', 'pref', 'order', 'prio', 'p'), mostly(['200', '0x64', '40000', '1'], ['-5', 'high'])),
  phrase(one('tos', 'dsfield', 'd'), mostly(['8', '10', 'CS1'], ['100', 'low'])),
  phrase(one('iif', 'dev'), mostly(['up0', 'lo', 'nosuch'], ['a/b', 'sixteen-letters-'])),
  phrase(one('oif'), mostly(['up1', 'tun0'], [''])),
  phrase(one('ipproto'), mostly(['udp', 'tcp', '47', 'icmp', 'UDP'], ['0x11', '256', 'ucp'])),
  phrase(one('sport', 'dport'), mostly(['53', '1000-2000', '7-7'], ['dns', 'x-5'])),
  phrase(one('uidrange'), mostly(['0-0', '1000-2000'], ['1000', 'a-b'])),
  phrase(one('suppress_prefixlength', 'sup_pl', 'supp'), mostly(['0', '8'], ['-1', 'x'])),
  phrase(one('not')),
];
const ruleActions = fc.oneof(
  { weight: 6, arbitrary: phrase(one('table', 'lookup', 'tab'), table) },
  {
    weight: 3,
    arbitrary: fc.oneof(
      phrase(one('goto'), mostly(['32766', '50000'], ['x'])),
      phrase(one('type'), one('blackhole', 'prohibit')),
      phrase(one('unreachable', 'blackhole', 'prohibit', 'proh', 'nop', 'un', 'bl')),
      fc.constant([]),
    ),
  },
);
export const rule = fc
  .tuple(one('rule', 'ru'), one('add', 'a'), some(ruleWords, 4), ruleActions)
  .map((parts) => parts.flat());

const addressWords = [
  phrase(one('broadcast', 'brd', 'b'), mostly(['+', '-', '10.1.0.255'], ['*', 'x'])),
  phrase(one('scope'), mostly(['link', 'host', 'global', '7'], ['everywhere'])),
  phrase(one('label'), one('up0:1', 'up0')),
  phrase(one('metric', 'priority', 'pref'), number),
  phrase(one('noprefixroute')),
  phrase(one('nodad', 'home')),
  phrase(one('peer', 'remote'), mostly(['10.5.0.9', '10.5.0.0/24', '10.5.0.1/30'], ['there', '10.5.0.9/33'])),
  phrase(one('valid_lft', 'preferred_lft'), mostly(['forever', '4294967295'], ['soon'])),
];
export const address = fc
  .tuple(
    one('address', 'a', 'addr'),
    one('add', 'a', 'replace', 'change'),
    fc.oneof(
      phrase(mostly(['10.6/16', '10.7.0.1/24', '10.1.0.7/24', '127.1.2.3/32', '10.8.1', '010.7.1.1/30'], notPrefixes)),
      phrase(one('local'), prefix),
    ),
    some(addressWords, 3),
    phrase(one('dev'), mostly(['up0'], ['nosuch'])),
  )
  .map(([object, verb, local, words, dev]) => [object, verb, ...local, ...words, ...dev]);
