import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { LabError } from '../../../net/error.ts';
import type { NetfilterCommand } from '../netfilter.ts';
import { printStatements } from '../nft/print.ts';
import { readIptables } from './reader.ts';
import { readIptablesRestore } from './restore.ts';
import { mutations } from './sample-rules.ts';

/** A command's words, each where it stands in the line. */
const wordsOf = (line: string) =>
  [...line.matchAll(/\S+/g)].map(({ 0: text, index }) => ({ text, at: { file: 'up.sh', line: 7, column: index + 1 } }));
const read = (line: string): readonly NetfilterCommand[] => readIptables(wordsOf(`iptables ${line}`));
const restore = (text: string, ...options: readonly string[]): readonly NetfilterCommand[] =>
  readIptablesRestore(wordsOf(['iptables-restore', ...options].join(' ')), {
    text,
    at: { file: 'up.sh', line: 20, column: 1 },
  });
/** The rules that a command comes to, in terms of nft. */
const rules = (line: string): readonly string[] =>
  read(line).flatMap((command) =>
    command.kind === 'add-rule' ? [printStatements(command.rule.statements, 'ip')] : [],
  );
/** What comes after the table and its chains are there. */
const change = (line: string): NetfilterCommand | undefined => read(line).at(-1);

function refused(t: ExecutionContext, act: () => unknown, message: RegExp): void {
  const error = t.throws(act, { instanceOf: LabError, message });
  t.is(error.code, 'invalid');
}

test('a table is there with its chains, and mangle OUTPUT has packets routed again', (t) => {
  const bases = read('-t mangle -A OUTPUT -j ACCEPT').flatMap((command) =>
    command.kind === 'add-chain' && command.base
      ? [`${command.chain} ${command.base.type} ${command.base.priority}`]
      : [],
  );
  const filter = ['PREROUTING', 'INPUT', 'FORWARD'].map((chain) => `${chain} filter -150`);
  t.deepEqual(bases, [...filter, 'OUTPUT route -150', 'POSTROUTING filter -150']);
});

test('addresses in a list are a rule each', (t) => {
  t.deepEqual(rules('-A INPUT -s 10.0.0.1,10.1/16 -d 192.0.2.1 -j DROP'), [
    'ip saddr 10.0.0.1 ip daddr 192.0.2.1 drop',
    'ip saddr 10.1.0.0/16 ip daddr 192.0.2.1 drop',
  ]);
  const texts = read('-A INPUT -s 10.0.0.1,10.0.0.2 -j DROP').flatMap((command) =>
    command.kind === 'add-rule' ? [command.rule.text] : [],
  );
  t.deepEqual(texts, ['-s 10.0.0.1 -j DROP', '-s 10.0.0.2 -j DROP']);
});

// The kernel's own arithmetic: xt_MARK and xt_CONNMARK have (old & ~mask) ^ value; --set-mark's mask holds the value's bits too.
for (const [target, expected] of [
  ['MARK --set-mark 0x1', 'meta mark set 0x1'],
  ['MARK --set-mark 0x1/0x2', 'meta mark set (meta mark & 0xfffffffc) ^ 0x1'],
  ['MARK --set-xmark 0x1/0x2', 'meta mark set (meta mark & 0xfffffffd) ^ 0x1'],
  ['MARK --and-mark 0xf', 'meta mark set meta mark & 0xf'],
  ['MARK --or-mark 0x4', 'meta mark set (meta mark & 0xfffffffb) ^ 0x4'],
  ['MARK --xor-mark 0x4', 'meta mark set meta mark ^ 0x4'],
  ['CONNMARK --restore-mark', 'meta mark set ct mark'],
  ['CONNMARK --save-mark', 'ct mark set meta mark'],
  ['CONNMARK --restore-mark --mask 0xff', 'meta mark set (meta mark & 0xffffff00) ^ (ct mark & 0xff)'],
  ['CONNMARK --save-mark --nfmask 0xf --ctmask 0xf0', 'ct mark set (ct mark & 0xffffff0f) ^ (meta mark & 0xf)'],
] as const) {
  test(`-j ${target}`, (t) => t.deepEqual(rules(`-t mangle -A PREROUTING -j ${target}`), [expected]));
}

test('matches that nft has no word for keep their meaning', (t) => {
  t.deepEqual(rules('-A INPUT -m conntrack --ctstate NEW,DNAT'), ['(ct state & 0x8) | (ct status & 0x20) != 0x0']);
  t.deepEqual(rules('-A INPUT -p udp -m multiport --ports 53,1000:2000'), [
    'meta l4proto udp th sport . th dport { 53 . 0-65535, 0-65535 . 53, 1000-2000 . 0-65535, 0-65535 . 1000-2000 }',
  ]);
  t.deepEqual(rules('-A INPUT -m tos --tos Minimize-Delay'), ['@nh,8,8 & 63 == 16']);
  const [nth] = read('-A OUTPUT -m statistic --mode nth --every 3 --packet 1').slice(-1);
  t.deepEqual(nth?.kind === 'add-rule' && nth.rule.statements, [{ kind: 'nth', every: 3, packet: 1, invert: false }]);
});

test('rules are put, replaced and deleted by number and by what they say', (t) => {
  const place = (line: string) => {
    const command = change(line);
    return command?.kind === 'add-rule' && command.place;
  };
  t.is(place('-I INPUT -j DROP'), 'start');
  t.deepEqual(place('-I INPUT 3 -j DROP'), { side: 'after', rule: { kind: 'index', index: 1 } });
  const deleted = change('-D INPUT 2');
  t.deepEqual(deleted?.kind === 'delete-rule' && deleted.rule, { kind: 'index', index: 1 });
  const same = change('-D INPUT -i eth0 -j DROP');
  t.is(same?.kind === 'delete-rule' && same.rule.kind, 'same');
  t.is(change('-C INPUT -j DROP')?.kind, 'check-rule');
  const listed = change('-t nat -nvL POSTROUTING --line-numbers');
  t.deepEqual(listed?.kind === 'list-rules' && [listed.table.name, listed.chain, listed.as, listed.lineNumbers], [
    'nat',
    'POSTROUTING',
    'table',
    true,
  ]);
});

test('a dump takes the place of its tables, unless it is not to', (t) => {
  const dump = `# a remark
*nat
:PREROUTING ACCEPT [1:2]
:mine - [0:0]
[3:4] -A PREROUTING -i eth0 -m comment --comment "two words" -j mine
COMMIT
`;
  const kinds = (commands: readonly NetfilterCommand[]): readonly string[] =>
    commands.map(({ kind }) => kind).filter((kind) => kind !== 'add-table');
  const ours = ['set-policy', 'add-chain', 'flush-chain', 'add-rule'];
  t.deepEqual(kinds(restore(dump)).slice(4), ['flush-table', 'delete-user-chains', ...ours]);
  t.deepEqual(kinds(restore(dump, '--noflush')).slice(4), ours);
  t.deepEqual(restore(dump, '--test'), []);
  const rule = restore(dump).at(-1);
  t.is(rule?.kind === 'add-rule' ? rule.rule.text : '', '-i eth0 -m comment --comment "two words" -j mine');
  refused(t, () => restore('*nat\n-A POSTROUTING -j MASQUERADE\n'), /^up.sh:20:1: table nat has no COMMIT at its end$/);
  refused(
    t,
    () => restore('*nat\n-A POSTROUTING -j NONSENSE --odd\nCOMMIT\n'),
    /^up.sh:21:28: option '--odd' is unknown/,
  );
});

test('whatever is refused is named with its place', (t) => {
  refused(t, () => read('-A INPUT -m geoip --src-cc X'), /^up.sh:7:22: match 'geoip' is not modelled$/);
  refused(t, () => read('-A INPUT -m recent --update --rttl'), /^up.sh:7:38: '--rttl' is not modelled$/);
  refused(t, () => read('-A INPUT -m recent --set --seconds 5'), /^up.sh:7:35: '--seconds' can't stand with '--set'$/);
  refused(t, () => read('-A INPUT --dport 80 -j ACCEPT'), /^up.sh:7:19: option '--dport' is unknown/);
  refused(t, () => read('-A PREROUTING -j TPROXY'), /^up.sh:7:27: target 'TPROXY' is not modelled$/);
  refused(t, () => read('-t nat -A POSTROUTING -j SNAT --to-source 1.2.3.4:5'), /^up.sh:7:52: a port needs '-p tcp'/);
  refused(t, () => read('-A INPUT -j SNAT --to-source 1.2.3.4'), /^up.sh:7:22: 'SNAT' can't stand in table filter$/);
  refused(t, () => read('-A OUTPUT -i eth0 -j DROP'), /^up.sh:7:20: '-i' has no meaning in OUTPUT$/);
  refused(t, () => read('-A INPUT -s example.org -j DROP'), /^up.sh:7:22: "example.org" is no IPv4 address$/);
  refused(t, () => read('-t none -L'), /^up.sh:7:13: iptables has no table 'none'$/);
  refused(t, () => read('-P INPUT REJECT'), /^up.sh:7:19: expected ACCEPT or DROP/);
});

test('no words make it break down', (t) => {
  const pieces = fc.constantFrom(
    ...'-t nat -A -I -D -L -S -P INPUT ! -s -p tcp -m mark --mark 1/2 -j SNAT --to-source 1.2.3.4:5-6 -c 5 -f --dport'.split(
      ' ',
    ),
  );
  const jumble = fc.array(fc.oneof(pieces, fc.string()));
  const near = mutations.map(({ table, chain, words }) => ['-t', table, '-A', chain, ...words]);
  fc.assert(
    fc.property(fc.oneof(jumble, near), (words) => {
      try {
        readIptables(['iptables', ...words].map((text) => ({ text, at: { file: 'up.sh', line: 1, column: 1 } })));
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
  t.pass();
});
