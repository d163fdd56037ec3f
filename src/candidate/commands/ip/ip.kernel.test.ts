import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { LabError } from '../../../net/error.ts';
import { asRoot, openedFor } from '../../../kernel/testing.ts';
import type { IpCommand, Output, RouteSelector } from '../ip.ts';
import { printRoutes, type RouteListing } from './print-route.ts';
import { printRules, type RuleListing } from './print-rule.ts';
import { readIp } from './read.ts';

/** A network with two uplinks, as it is before each command. */
const links = [
  'link set lo up',
  'link add up0 type veth peer name peer0',
  'link add up1 type veth peer name peer1',
  ...['up0', 'peer0', 'up1', 'peer1'].map((name) => `link set ${name} up`),
];
const before = [
  'nexthop flush',
  'route flush table all',
  'address flush dev lo',
  'address flush dev up0',
  'address flush dev up1',
  'rule flush',
  'rule add priority 32766 lookup main',
  'rule add priority 32767 lookup default',
  'address add 127.0.0.1/8 dev lo',
  'address add 10.1.0.2/24 dev up0',
  'address add 10.2.0.2/24 dev up1',
  'nexthop add id 1 via 10.1.0.1 dev up0 onlink',
  'route add 198.18.0.0/16 via 10.1.0.1 dev up0 proto static',
  'route add 198.18.0.0/16 via 10.2.0.1 dev up1 metric 7',
  'route add unreachable 198.19.0.0/16 table 100',
  'rule add from 198.18.0.0/16 fwmark 1/3 table 100 priority 100',
];

/** What the tool made of a command: its exit status, its complaint, and what it shows after it. */
interface Tried {
  readonly words: readonly string[];
  readonly status: number;
  readonly said: string;
  readonly shown: readonly Record<string, unknown>[];
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs each command in the same network. */
async function tried(
  t: ExecutionContext,
  lines: readonly (readonly string[])[],
  show: string,
): Promise<{ readonly at: readonly Record<string, unknown>[]; readonly each: readonly Tried[] }> {
  const sandbox = await openedFor(t);
  const script = `
    before=${quoted(before.join('\n'))}
    again() { printf '%s\\n' "$before" | ip -4 -force -batch - >/dev/null 2>&1; }
    try() {
      said=$(ip "$@" 2>&1 >/dev/null); status=$?
      printf '%s\\0%s\\0%s\\0' "$status" "$said" "$(ip -j ${show})"
      test $status -ne 0 || again
    }
    printf '%s\\n' ${quoted(links.join('\n'))} | ip -batch -
    again
    printf '%s\\0' "$(ip -j ${show})"
    ${lines.map((words) => `try ${words.map(quoted).join(' ')}`).join('\n')}`;
  const output = await sandbox.run('asking ip', null, ['sh', '-s'], { input: script });
  const [at = '', ...answers] = output.split('\0');
  const rows = (json: string): Tried['shown'] =>
    (JSON.parse(json || '[]') as Tried['shown']).filter((row) => Object.keys(row).length > 0);
  const each = lines.map((words, index) => {
    const [status = '', said = '', shown = ''] = answers.slice(index * 3, index * 3 + 3);
    return { words, status: Number(status), said, shown: rows(shown) };
  });
  return { at: rows(at), each };
}

const without = (some: Tried['shown'], others: Tried['shown']): Tried['shown'] => {
  const left = others.map((other) => JSON.stringify(other));
  return some.filter((one) => {
    const index = left.indexOf(JSON.stringify(one));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
};

/** What the reader made of it: a command, or its complaint. */
function read(words: readonly string[]): IpCommand | LabError {
  const at = { file: 'up.sh', line: 1 };
  const given = ['ip', ...words].map((text, index) => ({ text, at: { ...at, column: index + 1 } }));
  try {
    const [placed] = readIp(given, null);
    return placed!.command;
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
}

/** Status 2 is the kernel's refusal, 1 and 255 are `ip`'s own; but no device's name is known to a reader. */
const refusedByIp = ({ status, said }: Tried): boolean =>
  (status === 1 || status === 255) && !/Cannot find device|does not exist/.test(said);
const outsideOfModel = (result: IpCommand | LabError): boolean =>
  result instanceof LabError && result.message.endsWith('is not modelled');

/**
 * Holds reader and tool against each other: refused alike, and where `ip` has done it, `expected` sees to what became of it.
 */
function compare(
  t: ExecutionContext,
  { at, each }: { readonly at: Tried['shown']; readonly each: readonly Tried[] },
  expected: (command: IpCommand, added: Tried['shown'], removed: Tried['shown'], line: string) => void,
): void {
  const count = { done: 0, 'refused by both': 0, 'refused by the kernel': 0, 'outside of the model': 0 };
  for (const one of each) {
    const line = `ip ${one.words.join(' ')}`;
    const result = read(one.words);
    if (outsideOfModel(result)) count['outside of the model']++;
    else if (refusedByIp(one)) {
      t.true(result instanceof LabError, `${line}: ip says ${one.said}, the reader ${JSON.stringify(result)}`);
      count['refused by both']++;
    } else if (one.status !== 0) count['refused by the kernel']++;
    else if (result instanceof LabError) t.fail(`${line}: ip takes it, the reader says ${result.message}`);
    else {
      expected(result, without(one.shown, at), without(at, one.shown), line);
      count.done++;
    }
  }
  t.log(
    Object.entries(count)
      .map(([what, many]) => `${many} ${what}`)
      .join(', '),
  );
  t.true(count.done > each.length / 4, 'too few were done: that shows little');
  t.true(count['refused by both'] > each.length / 20, 'too few were refused: that shows little');
}

/* ---- what people write, and nearly ---- */

const seed = 20260705;
const sample = <T>(what: fc.Arbitrary<T>, count: number): readonly T[] => fc.sample(what, { seed, numRuns: count });
const one = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
/** Mostly of the first list, now and then of the second. */
const mostly = (good: readonly string[], bad: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 60, arbitrary: one(...good) }, { weight: 1, arbitrary: one(...bad) });
const phrase = (keyword: fc.Arbitrary<string>, ...values: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string[]> =>
  fc.tuple(keyword, ...values).map((words) => [...words]);
const some = (phrases: readonly fc.Arbitrary<string[]>[], most: number): fc.Arbitrary<string[]> =>
  fc
    .uniqueArray(fc.nat(phrases.length - 1), { maxLength: most })
    .chain((chosen) => fc.tuple(...chosen.map((index) => phrases[index]!)))
    .map((chosen) => chosen.flat());
/** Now and then with a word lost, doubled, cut short, moved to the end or put in. */
const damaged = (line: fc.Arbitrary<string[]>): fc.Arbitrary<string[]> =>
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

const device = mostly(['up0', 'up1', 'lo'], ['nosuch', 'up 0']);
const gateway = mostly(['10.1.0.1', '10.2.0.1', '10.1.0.9'], ['10.1.1', '10.1.0.256', 'gateway', '10.1.0.1/24', '1:2']);
const number = mostly(['1', '7', '0x20', '010', '4000000000'], ['-1', '08', '1x', '4294967296', 'one']);
const table = mostly(['100', 'main', 'local', 'default', '254', '0x1f4', '1010101'], ['mian', '4294967296', '-3']);
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
const prefix = mostly(prefixes, notPrefixes);

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
const routeWords = [
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
const changes = one('add', 'a', 'append', 'app', 'prepend', 'replace', 'rep', 'change', 'chg', 'add');
const route = (verb: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
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

/* ---- what is to be seen then ---- */

const output: Output = { json: true, pretty: false, oneline: false, brief: false, details: true, inet: true };
const allRoutes: RouteSelector = {
  ...{ table: 'all', prefix: null, device: null, gateway: null, protocol: null, scope: null, type: null },
  ...{ source: null, tos: null, metric: null },
};
const viaUplink = (address: number | null): string | null =>
  address === null ? null : `up${((address >>> 16) & 0xff) - 1}`;

asRoot('a route that ip makes is the one that was read, and what ip refuses is refused', async (t) => {
  const lines = sample(damaged(route(changes)), 700);
  compare(t, await tried(t, lines, '-4 -d route show table all'), (command, added, _removed, line) => {
    if (command.object !== 'route' || !('route' in command)) return t.fail(line);
    const { route } = command;
    // What the kernel adds: the device by which a gateway is reached, and what its nexthop object says.
    const spoken =
      route.nexthopId === 1 ? [{ gateway: 0x0a010001, device: 'up0', weight: 1, onlink: true }] : route.nexthops;
    const listing: RouteListing = {
      ...route,
      type: route.type!,
      protocol: route.protocol!,
      scope: route.scope!,
      metric: route.metric ?? 0,
      nexthops: spoken.map((nexthop) => {
        return { ...nexthop, device: nexthop.device ?? viaUplink(nexthop.gateway), dead: false, linkdown: false };
      }),
    };
    const [expected] = JSON.parse(printRoutes([listing], allRoutes, output)) as Record<string, unknown>[];
    const seen = added.map(({ metrics: _metrics, nh_info: _nexthop, ...rest }) => rest);
    t.deepEqual(seen, [expected], line);
  });
});

asRoot('a route that ip deletes is one that was read, and what ip refuses is refused', async (t) => {
  const there = fc.oneof(
    fc.constant(['198.18.0.0/16']),
    fc.constant(['198.18/16', 'via', '10.2.0.1']),
    fc.constant(['unreachable', '198.19/16', 'table', '100']),
    fc.constant(['10.1/16', 'dev', 'up0']),
  );
  const words = fc
    .tuple(one('route', 'r'), one('delete', 'del', 'd'), there, some(routeWords, 1))
    .map((parts) => parts.flat());
  const lines = sample(damaged(words), 200);
  compare(t, await tried(t, lines, '-4 -d route show table all'), (command, added, removed, line) => {
    if (command.object !== 'route' || !('route' in command)) return t.fail(line);
    const { route } = command;
    const said: RouteListing = {
      ...route,
      type: route.type ?? 'unicast',
      ...{ protocol: route.protocol ?? 0, scope: route.scope ?? 0, metric: route.metric ?? 0 },
      nexthops: route.nexthops.map((nexthop) => ({ ...nexthop, dead: false, linkdown: false })),
    };
    const [expected] = JSON.parse(printRoutes([said], allRoutes, output)) as Record<string, unknown>[];
    const fields = expected!;
    // What was left open may be anything.
    const open = ['flags', ...(route.type ? [] : ['type']), ...(route.protocol ? [] : ['protocol'])];
    if (route.scope === null) open.push('scope');
    const asked = Object.entries(fields).filter(([key]) => !open.includes(key));
    t.deepEqual(added, [], line);
    t.is(removed.length, 1, line);
    t.like(removed[0], Object.fromEntries(asked), line);
  });
});

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
const rule = fc.tuple(one('rule', 'ru'), one('add', 'a'), some(ruleWords, 4), ruleActions).map((parts) => parts.flat());

asRoot('a rule that ip makes is the one that was read, and what ip refuses is refused', async (t) => {
  const priorities = [0, 100, 32766, 32767];
  compare(t, await tried(t, sample(damaged(rule), 600), 'rule show'), (command, added, _removed, line) => {
    if (command.object !== 'rule' || command.action !== 'add') return t.fail(line);
    const { rule: read } = command;
    const missing = (name: string | null): boolean => name !== null && !['lo', 'up0', 'up1'].includes(name);
    const listing: RuleListing = {
      ...read,
      // One less than the second's.
      priority: read.priority ?? 99,
      action: read.action!,
      inputDetached: missing(read.inputDevice),
      outputDetached: missing(read.outputDevice),
      unresolved: read.action?.kind === 'goto' && !priorities.includes(read.action.priority),
      ofKernel: false,
    };
    t.deepEqual(added, JSON.parse(printRules([listing], { ...output, details: false })), line);
  });
});

asRoot('what ip refuses to show, flush or look up is refused', async (t) => {
  const chosen = [
    phrase(one('table', 't'), mostly(['main', '100', 'all', 'local'], ['mian'])),
    phrase(one('proto', 'p'), mostly(['static', 'kernel', 'all', '4'], ['statik'])),
    phrase(one('scope', 's'), mostly(['link', 'global'], ['everywhere'])),
    phrase(one('type', 'ty'), mostly(['unicast', 'local', 'un'], ['uniform'])),
    phrase(one('dev', 'oif'), one('up0', 'up1')),
    phrase(one('via'), mostly(['10.1.0.1'], ['there'])),
    phrase(one('src'), mostly(['10.1.0.2'], ['here'])),
    phrase(one('root', 'match', 'exact', 'm', 'r', 'to'), prefix),
    phrase(one('metric', 'met'), number),
    phrase(prefix),
  ];
  const asked = [
    phrase(one('from'), mostly(['10.1.0.2'], ['me'])),
    phrase(one('iif'), one('up0', 'lo')),
    phrase(one('oif', 'dev', 'o'), one('up0', 'up1')),
    phrase(one('mark', 'm'), number),
    phrase(one('ipproto', 'ipp'), mostly(['udp', '6'], ['ucp'])),
    phrase(one('sport', 'dport'), mostly(['53', '0x35'], ['dns', '65536'])),
    phrase(one('tos'), mostly(['0x10'], ['500'])),
    phrase(one('uid'), mostly(['0', '1000'], ['root'])),
  ];
  const rules = [
    phrase(one('priority', 'p'), number),
    phrase(one('table', 'lookup', 'l'), table),
    phrase(one('from', 'src', 'f'), prefix),
    phrase(one('to', 'dst'), prefix),
    phrase(one('fwmark'), mostly(['1', '1/3'], ['x'])),
    phrase(one('iif', 'oif'), one('up0', 'tun0')),
  ];
  const addresses = [
    phrase(one('dev'), one('up0', 'up1')),
    phrase(one('to'), prefix),
    phrase(one('scope'), mostly(['link', 'global', 'all'], ['everywhere'])),
    phrase(one('up', 'primary', 'secondary', 'permanent')),
    phrase(one('up0', 'lo')),
  ];
  const line = fc.oneof(
    fc.tuple(one('route', 'r'), one('show', 'list', 's', 'l', 'flush', 'f', 'lst'), some(chosen, 3)),
    fc.tuple(
      one('route', 'ro'),
      one('get', 'g'),
      prefix.map((word) => [word]),
      some(asked, 3),
    ),
    fc.tuple(one('rule'), one('show', 'list', 's', 'flush', 'f'), some(rules, 2)),
    fc.tuple(one('address', 'a', 'addr'), one('show', 'list', 's', 'flush'), some(addresses, 2)),
    fc.tuple(one('link', 'l'), one('show', 'list', 'sh'), some([phrase(one('up')), phrase(one('dev'), device)], 2)),
    fc.tuple(one('neighbour', 'n', 'neigh', 'neighbor'), one('show', 'flush'), some([phrase(one('dev'), device)], 1)),
  );
  const lines = sample(damaged(line.map((parts) => parts.flat())), 500);
  compare(t, await tried(t, lines, 'rule show'), (command, _added, _removed, line) => {
    t.regex(command.action, /^(?:show|flush|flush-cache|get)$/, line);
  });
});
