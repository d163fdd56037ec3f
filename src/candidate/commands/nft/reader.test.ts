import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { natRules } from '../../../topology/nat-ruleset.ts';
import { LabError } from '../../../net/error.ts';
import type { NetfilterChange, NetfilterCommand, Statement } from '../netfilter.ts';
import { printChange } from './print-change.ts';
import { readNft } from './reader.ts';
import { groundwork, mutations } from './sample-rules.ts';

const at = (line: number, column: number) => ({ file: 'up.sh', line, column });
const fromInput = (text: string): readonly NetfilterCommand[] =>
  readNft(
    ['nft', '-f', '-'].map((word) => ({ text: word, at: at(9, 1) })),
    { text, at: at(10, 1) },
  );
const fromWords = (...words: readonly string[]): readonly NetfilterCommand[] =>
  readNft(
    ['nft', ...words].map((text, index) => ({ text, at: at(3, 1 + 10 * index) })),
    null,
  );

/** What a rule comes to, in table ip t. */
function statementsOf(rule: string): readonly Statement[] {
  const [command] = fromInput(`add rule ip t c ${rule}`);
  return command?.kind === 'add-rule' ? command.rule.statements : [];
}
const anew = (rule: string): string =>
  printChange(fromInput(`add rule ip t c ${rule}`)[0] as NetfilterChange)!.slice(16);

function refused(t: ExecutionContext, read: () => unknown, message: RegExp): void {
  const error = t.throws(read, { instanceOf: LabError, message });
  t.is(error.code, 'invalid');
}

test('a field presumes its protocol, once', (t) => {
  t.is(anew('tcp dport 80 tcp sport 1024-2000'), 'meta l4proto tcp th dport 80 th sport 1024-2000');
  t.is(anew('ip protocol udp udp dport 53'), 'ip protocol udp th dport 53');
  t.is(anew('reject with tcp reset'), 'meta l4proto tcp reject with tcp reset');
  t.is(anew('log reject with tcp reset'), 'meta l4proto tcp log reject with tcp reset');
});

test('bits are asked for any of them, and compared whole with an operator', (t) => {
  const left = { kind: 'ct', key: 'state' } as const;
  const match = (masked: unknown, operator: string, value: number) => ({
    kind: 'match',
    left: masked,
    operator,
    right: { kind: 'value', value },
  });
  const masked = (mask: number) => ({ kind: 'binary', operator: '&', left, right: { kind: 'constant', value: mask } });
  t.deepEqual(statementsOf('ct state new,established') as unknown, [match(masked(10), '!=', 0)]);
  t.deepEqual(statementsOf('ct state ! new') as unknown, [match(masked(8), '==', 0)]);
  t.deepEqual(statementsOf('ct state != new') as unknown, [match(left, '!=', 8)]);
  t.deepEqual(statementsOf('ct state { new }') as unknown, [match(masked(8), '!=', 0)]);
});

test('prefixes are ranges, a trailing * is any rest of a name', (t) => {
  t.deepEqual(statementsOf('ip saddr 10.1.2.3/8 iifname "eth*"'), [
    {
      kind: 'match',
      left: { kind: 'payload', field: 'ip saddr' },
      operator: '==',
      right: { kind: 'range', from: 0x0a000000, to: 0x0affffff },
    },
    {
      kind: 'match',
      left: { kind: 'meta', key: 'iifname' },
      operator: '==',
      right: { kind: 'name-prefix', prefix: 'eth' },
    },
  ]);
});

test('a block declares chains, then sets, then rules, in whatever order they stand', (t) => {
  const commands = fromInput(`define lan = { 10.0.0.1, 10.0.0.2 }
table inet gw {
  chain input {
    type filter hook input priority mangle + 5; policy drop;
    ip saddr @hosts jump extra comment "known"   # a remark
  }
  set hosts { type ipv4_addr; elements = { $lan, 10.0.0.3 }; }
  chain extra { }
}`);
  t.deepEqual(
    commands.map(({ kind }) => kind),
    ['add-table', 'add-chain', 'add-chain', 'add-set', 'add-rule'],
  );
  t.deepEqual(commands.map((command) => printChange(command as NetfilterChange)).slice(1), [
    'add chain inet gw input { type filter hook input priority -145; policy drop; }',
    'add chain inet gw extra',
    'add set inet gw hosts { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2, 10.0.0.3 }; }',
    'add rule inet gw input meta nfproto ipv4 ip saddr @hosts jump extra comment "known"',
  ]);
  const rule = commands.at(-1);
  t.is(rule?.kind === 'add-rule' ? rule.rule.text : '', 'ip saddr @hosts jump extra comment "known"');
  t.deepEqual(rule?.kind === 'add-rule' && rule.rule.at, at(14, 5));
});

test('a command may come as words, or as one', (t) => {
  const apart = fromWords('add', 'rule', 'ip', 't', 'c', 'tcp', 'dport', '80', 'accept');
  const joined = fromWords('add rule ip t c tcp dport 80 accept; flush chain ip t d');
  t.is(printChange(apart[0] as NetfilterChange), printChange(joined[0] as NetfilterChange));
  t.deepEqual(joined[1], { kind: 'flush-chain', table: { owner: 'nft', family: 'ip', name: 't' }, chain: 'd' });
  t.deepEqual(fromWords('insert', 'rule', 't', 'c', 'index', '2', 'drop')[0], {
    kind: 'add-rule',
    table: { owner: 'nft', family: 'ip', name: 't' },
    chain: 'c',
    place: { side: 'before', rule: { kind: 'index', index: 2 } },
    rule: { statements: [{ kind: 'verdict', verdict: { kind: 'drop' } }], text: 'drop', at: at(3, 71) },
  });
});

test('what is there already, the caller tells', (t) => {
  const words = ['nft', 'add', 'element', 't', 'ports', '{ ssh }'].map((text) => ({ text, at: at(1, 1) }));
  const set = { name: 'ports', key: ['inet_service'], value: null, elements: [] };
  const more = { interval: false, dynamic: false, timeout: null, size: null };
  const [command] = readNft(words, null, (_, name) => (name === 'ports' ? { ...set, ...more } : undefined));
  t.deepEqual(command?.kind === 'add-elements' && command.elements, [{ key: { kind: 'value', value: 22 } }]);
  refused(t, () => readNft(words, null), /^up.sh:1:1: table t has no set 'ports' yet$/);
});

test('whatever is refused is named with its place', (t) => {
  refused(t, () => fromInput('table ip t {\n  chain c {\n    tcp dport 80 bogus\n  }\n}'), /^up.sh:12:18: .*'bogus'/);
  refused(t, () => fromInput('add table ip6 t'), /^up.sh:10:11: family ip6 is not modelled$/);
  refused(t, () => fromInput('add rule t c tcp dport 70000'), /^up.sh:10:24: 70000 is too large/);
  refused(t, () => fromInput('add rule t c ip saddr $lan'), /^up.sh:10:23: no variable \$lan is defined$/);
  refused(t, () => fromInput('add rule t c tcp dport 1 udp dport 2'), /^up.sh:10:26: 'udp' contradicts the rule/);
  refused(t, () => fromInput('add rule t c accept drop'), /^up.sh:10:21: 'drop' stands after/);
  refused(t, () => fromInput('add rule t c ip saddr @none'), /^up.sh:10:23: table ip t has no set or map 'none'$/);
  refused(t, () => fromInput('include "/etc/nftables.conf"'), /^up.sh:10:1: 'include' reads files/);
  refused(
    t,
    () => fromWords('-f', '/etc/nftables.conf'),
    /^up.sh:3:21: the file '\/etc\/nftables.conf' is not read here$/,
  );
  refused(
    t,
    () => fromWords('add', 'rule', 't', 'c', 'meta', 'cpu', '1'),
    /^up.sh:3:61: expected what of the packet .*got 'cpu'$/,
  );
  refused(t, () => fromWords('-i'), /^up.sh:3:11: option '-i' of nft is not modelled$/);
});

test('the NATs of the lab itself are read', (t) => {
  const nat = { outside: 'eth0', customers: '100.64.0.0/10', address: '203.0.113.10' };
  const count = (commands: readonly NetfilterCommand[]): number =>
    commands.filter(({ kind }) => kind === 'add-rule').length;
  t.is(count(fromInput(natRules({ ...nat, mode: 'stateful' }))), 2);
  t.is(count(fromInput(natRules({ ...nat, mode: 'one-way' }))), 4);
  t.is(count(fromInput(natRules({ ...nat, mode: 'short-lived', lifetime: 3 }))), 7);
  t.is(count(fromInput(natRules({ ...nat, mode: 'table-full', room: 4 }))), 3);
});

test('no text makes it break down', (t) => {
  const pieces = fc.constantFrom(
    ...'add rule table chain set map { } ( ) ; , . : / - * ! @ $ # "x" \n ip t c 1 0x2 10.0.0.1 5s define = tcp dport vmap type hook'.split(
      ' ',
    ),
  );
  const jumble = fc.array(pieces).map((words) => words.join(' '));
  const text = fc.oneof(
    jumble,
    fc.string(),
    mutations.map((rule) => `${groundwork.replace('TABLE', 't')}add rule t plain ${rule}`),
  );
  fc.assert(
    fc.property(text, (any) => {
      try {
        fromInput(any);
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
  t.pass();
});
