import test from 'ava';
import threeIsps from '../../../lab/topologies/three-isps.ts';
import { refusal } from '../commands/sample-words.ts';
import { dumpOf } from './files.ts';
import { readDump } from './read.ts';
import { sample } from './sample-dump.ts';
import { lineOf, type Step } from './step.ts';

const topology = threeIsps();
const read = (texts: Readonly<Record<string, string>>): readonly Step[] => readDump(dumpOf('host', texts), topology);
const lines = (program: Step['program']): readonly string[] =>
  read(sample).flatMap((step) => (step.program === program && 'commands' in step ? step.commands.map(lineOf) : []));

test('addresses, routes and rules become commands of ip, in the order in which the kernel takes them', (t) => {
  t.deepEqual(lines('ip'), [
    'link add service address 02:00:00:00:00:0a type dummy',
    'link set service up',
    'address add 10.0.0.1/32 scope global dev service',
    'route flush table all',
    'route append local 127.0.0.1 table local protocol kernel scope host src 127.0.0.1 dev lo',
    'route append local 10.0.0.1 table local protocol kernel scope host src 10.0.0.1 dev service',
    'route append local 203.0.113.2 table local protocol kernel scope host src 203.0.113.2 dev isp1',
    'route append local 203.0.114.2 table local protocol kernel scope host src 203.0.114.2 dev isp2',
    'route append local 203.0.115.2 table local protocol kernel scope host src 203.0.115.2 dev isp3',
    'route append local 127.0.0.0/8 table local protocol kernel scope host src 127.0.0.1 dev lo',
    'route append unreachable 192.168.0.0/16 protocol static mtu 1400',
    'route append 203.0.113.0/24 protocol kernel scope link src 203.0.113.2 dev isp1',
    'route append 203.0.114.0/24 protocol kernel scope link src 203.0.114.2 dev isp2',
    'route append 203.0.115.0/24 protocol kernel scope link src 203.0.115.2 dev isp3',
    'route append default table 101 via 203.0.113.1 dev isp1',
    'route append default table 102 metric 5 via 203.0.114.1 dev isp2 onlink',
    'route append default nexthop via 203.0.113.1 dev isp1 weight 8 nexthop via 203.0.115.1 dev isp3 weight 2',
    'rule delete priority 32767 from all table default',
    'rule add priority 100 not from 10.0.0.0/8 fwmark 0x1/0xf table 101',
    'rule add priority 101 from 203.0.114.2 suppress_prefixlength 0 table 102',
    'rule add priority 102 from all iif isp3 ipproto udp dport 5000-5010 goto 32766',
  ]);
});

test('of sysctls, those that bear on a packet’s way, forwarding first and what new interfaces get second', (t) => {
  t.deepEqual(lines('sysctl'), [
    '-q -w net.ipv4.ip_forward=1',
    '-q -w net.ipv4.conf.all.forwarding=1',
    '-q -w net.ipv4.conf.all.rp_filter=2',
    '-q -w net.ipv4.conf.default.rp_filter=1',
    '-q -e -w net.ipv4.conf.isp1.rp_filter=0',
    '-q -w net.ipv4.conf.service.arp_ignore=1',
    '-q -e -w net.ipv4.conf.wlan0.rp_filter=1',
    '-q -w net.ipv4.fib_multipath_hash_policy=1',
    '-q -w net.netfilter.nf_conntrack_udp_timeout=30',
  ]);
});

test('nft’s ruleset becomes commands of nft, without what iptables keeps there and without IPv6', (t) => {
  t.deepEqual(lines('nft'), [
    'flush ruleset',
    'add table inet filter',
    'add chain inet filter input { type filter hook input priority -150 ; policy drop ; }',
    'add chain inet filter marks',
    'add set inet filter known { type ipv4_addr . ifname ; flags timeout ; timeout 60s ; }',
    'add element inet filter known { 192.0.2.1 . "isp1" timeout 30s }',
    'add rule inet filter input meta iifname == { "isp1" , "isp*" } ct state established , related ' +
      'ip saddr != 192.0.2.0/24 counter jump marks comment "lines"',
    'add rule inet filter marks ct mark & 255 == 1 meta mark set ct mark | 16 udp dport vmap { 5000 - 5010 : accept }',
  ]);
  const restored = read(sample).find(({ program }) => program === 'iptables-restore');
  t.deepEqual(restored, {
    program: 'iptables-restore',
    input: { text: sample['iptables-save.txt'], at: { file: 'host/iptables-save.txt', line: 1, column: 1 } },
  });
});

test('words stand where the dump says what they say', (t) => {
  const text = sample['ip-rule.json'].split('\n');
  const rule = read(sample)
    .flatMap((each) => ('commands' in each ? each.commands : []))
    .find((command) => lineOf(command).startsWith('rule add priority 101'));
  for (const { text: word, at } of rule?.words.filter((each) => each.text === '203.0.114.2') ?? []) {
    t.is(at.file, 'host/ip-rule.json');
    t.is(text[at.line - 1]?.slice(at.column - 1), `"${word}",`);
  }
  t.is(rule?.words.at(-1)?.text, '102');
});

test('what ip -N prints is read as well as names', (t) => {
  const local = { type: '2', dst: '10.0.0.1', dev: 'service', table: '255', protocol: '2', scope: '254', flags: [] };
  const route = { type: '7', dst: '10.3.0.0/16', table: '7', protocol: '4', flags: [] };
  const rules = [
    { priority: 0, src: 'all', table: '255' },
    { priority: 9, src: 'all', ipproto: 'ipproto-17', table: '254' },
    { priority: 32766, src: 'all', table: '254' },
    { priority: 32767, src: 'all', table: '253' },
  ];
  const texts = { ...sample, 'ip-route.json': JSON.stringify([route, local]), 'ip-rule.json': JSON.stringify(rules) };
  const commands = read(texts).flatMap((step) => (step.program === 'ip' ? step.commands.map(lineOf) : []));
  t.deepEqual(commands.slice(-3), [
    'route append local 10.0.0.1 table 255 protocol 2 scope 254 dev service',
    'route append unreachable 10.3.0.0/16 table 7 protocol 4',
    'rule add priority 9 from all ipproto 17 table main',
  ]);
});

test('where a host is as the topology leaves it, nothing is done about addresses and rules', (t) => {
  const addresses = (JSON.parse(sample['ip-addr.json']) as { ifname: string }[]).filter(
    ({ ifname }) => ifname !== 'service',
  );
  const rules = [
    { priority: 0, src: 'all', table: 'local' },
    { priority: 32766, src: 'all', table: 'main' },
    { priority: 32767, src: 'all', table: 'default' },
  ];
  const sysctls = sample['sysctl.txt'].replace(/^.*\.service\..*\n/m, '');
  const texts = { ...sample, 'ip-addr.json': JSON.stringify(addresses), 'ip-rule.json': JSON.stringify(rules) };
  const commands = read({ ...texts, 'sysctl.txt': sysctls }).flatMap((step) =>
    step.program === 'ip' ? step.commands.map(lineOf) : [],
  );
  t.true(commands.length > 0);
  t.true(commands.every((line) => line.startsWith('route ')));
});

type File = keyof typeof sample;

/** A dump in which a text is another; `null`: the file is missing. */
function refused(
  title: string,
  file: File,
  change: readonly [from: string | RegExp, to: string] | null,
  message: RegExp,
  hint = /^/,
): void {
  test(`refuses ${title}`, (t) => {
    const { [file]: text, ...others } = sample;
    const changed = change && text.replace(...change);
    t.not(changed, text);
    const [said, why] = refusal(() => read(changed === null ? others : { ...others, [file]: changed }));
    t.regex(said, message);
    t.regex(why, hint);
  });
}

refused(
  'a dump without routes',
  'ip-route.json',
  null,
  /^host: the dump has no ip-route\.json$/,
  /ip -N -4 -j -p route show table all/,
);
refused(
  'rules of iptables in nftables without the rest of nftables',
  'nft.json',
  null,
  /^host\/iptables-save\.txt:1:1: iptables keeps its rules in nftables here/,
  /nft\.json is missing/,
);
refused(
  'what is no JSON',
  'ip-rule.json',
  ['"table": "101"', '"table" "101"'],
  /^host\/ip-rule\.json:14:13: this is not JSON: /,
);
refused('a file that was cut off', 'nft.json', [/[^]{300}$/, ''], /^host\/nft\.json:\d+:\d+: this is not JSON: /);
refused(
  'a key that stands twice',
  'ip-rule.json',
  ['"priority": 101', '"table": 7'],
  /^host\/ip-rule\.json:\d+:5: key "table" stands twice/,
);
refused(
  'an interface that is missing',
  'ip-addr.json',
  ['"isp2"', '"eth1"'],
  /^host\/ip-addr\.json:1:1: interface isp2 is missing, which server has in three-isps$/,
  /^the dump has lo, isp1, eth1, isp3/,
);
refused(
  'an address that is missing',
  'ip-addr.json',
  ['"203.0.114.2"', '"203.0.114.3"'],
  /^host\/ip-addr\.json:\d+:3: address 203\.0\.114\.2\/24 is missing, which isp2 of server has/,
  /^isp2 has 203\.0\.114\.3\/24$/,
);
refused(
  'an interface that is down',
  'ip-addr.json',
  [/("ifname": "isp3",\s+"flags": \[\s+"BROADCAST",\s+"MULTICAST",\s+"UP"),\s+"LOWER_UP"/, '$1'],
  /interface isp3 was down when the dump was taken$/,
);
refused(
  'an address of an interface that the topology has not',
  'ip-addr.json',
  ['"dummy"', '"vlan"'],
  /interface service has an address, 10\.0\.0\.1\/32, and server has no such interface in three-isps$/,
  /leave it out/,
);
refused(
  'what an interface says that is not known',
  'ip-addr.json',
  ['"promiscuity"', '"xfrm"'],
  /:\d+: an interface has "xfrm", which is not modelled$/,
  /without bearing: /,
);
refused(
  'a nexthop that is dead',
  'ip-route.json',
  ['"onlink"', '"linkdown"'],
  /:\d+: a nexthop that is "linkdown" is not modelled$/,
  /while the lines are up/,
);
refused(
  'a route with an encapsulation',
  'ip-route.json',
  ['"metric"', '"encap"'],
  /a route has "encap", which is not modelled$/,
);
refused(
  'a gateway of another family',
  'ip-route.json',
  ['"gateway": "203.0.113.1"', '"via": { "family": "inet6", "host": "fe80::1" }'],
  /a gateway of another family is not modelled$/,
);
refused(
  'a word that is two',
  'ip-route.json',
  ['"203.0.113.1"', '"203.0.113.1 dev isp2"'],
  /expected the value of gateway, got "203\.0\.113\.1 dev isp2"$/,
);
refused(
  'a rule by VRF',
  'ip-rule.json',
  ['"not": null', '"l3mdev": null'],
  /a rule has "l3mdev", which is not modelled$/,
);
refused(
  'a neighbour that was entered at a line',
  'ip-neigh.json',
  ['REACHABLE', 'PERMANENT'],
  /an entry for a neighbour at isp1: in the lab it has another hardware address$/,
);
refused(
  'a sysctl that bears on the path',
  'sysctl.txt',
  ['ip_early_demux = 1', 'ip_early_demux = 0'],
  /^host\/sysctl\.txt:12:1: net\.ipv4\.ip_early_demux = 0 is not modelled$/,
);
refused(
  'a sysctl of IPv4 that nobody knows',
  'sysctl.txt',
  ['fib_multipath_hash_policy', 'fib_turbo'],
  /^host\/sysctl\.txt:10:1: net\.ipv4\.fib_turbo is not modelled$/,
);
refused(
  'a sysctl of an interface that is not there',
  'sysctl.txt',
  ['wlan0', 'wlan1'],
  /^host\/sysctl\.txt:9:1: net\.ipv4\.conf\.wlan1\.rp_filter: there is no interface wlan1$/,
);
refused(
  'a line that is no sysctl',
  'sysctl.txt',
  ['kernel.hostname =', 'sysctl: permission denied on key'],
  /^host\/sysctl\.txt:2:1: expected NAME = VALUE/,
);
refused('a table of another family', 'nft.json', ['"ip6"', '"netdev"'], /family netdev is not modelled$/);
refused(
  'rules of iptables that iptables-save does not show',
  'iptables-save.txt',
  ['*mangle', '*raw'],
  /a match or target of iptables is not modelled$/,
);
refused(
  'rules of the other iptables',
  'iptables-save.txt',
  ['*mangle', '# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n*mangle'],
  /^host\/iptables-save\.txt:2:1: some rules are not in it: iptables-legacy tables present/,
);
refused(
  'a text that would end its command',
  'nft.json',
  ['"target": "marks"', '"target": "marks; flush ruleset"'],
  /expected the name of a chain, got "marks; flush ruleset"$/,
);
refused(
  'a name in which quotes end',
  'nft.json',
  ['"isp*"', '"isp\\" drop \\""'],
  /expected the name of an interface, got /,
);

test('refuses files that are none of a dump, and a dump without any firewall', (t) => {
  t.deepEqual(
    refusal(() => dumpOf('host', { ...sample, 'ip-routes.json': '' })),
    ['host: ip-routes.json is no file of a dump', 'did you mean ip-route.json?'],
  );
  const others = Object.fromEntries(Object.entries(sample).filter(([name]) => !/^(?:nft|iptables)/.test(name)));
  t.is(refusal(() => dumpOf('host', others))[0], 'host: the dump has neither iptables-save.txt nor nft.json');
});
