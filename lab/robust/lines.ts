/** Lines of scripts at random: what people say to the tools, and what is a word or a character away from it. */
import fc from 'fast-check';
import { address, changes, damaged, route, rule } from '../../src/candidate/commands/ip/sample-lines.ts';
import * as iptables from '../../src/candidate/commands/iptables/sample-rules.ts';
import * as nft from '../../src/candidate/commands/nft/sample-rules.ts';
import { broken, brokenScript } from '../../src/candidate/shell/broken-script.ts';

type Text = fc.Arbitrary<string>;

const quoted = (word: string): string => (/^[\w./:,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Words of one program's in any order, and now and then any text. */
const jumbled = (program: string, words: string): Text =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...words.split(' ')) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      ),
      { maxLength: 12 },
    )
    .map((said) => [program, ...said.map(quoted)].join(' '));

const ip: Text = fc
  .oneof(
    damaged(route(fc.oneof(changes, fc.constantFrom('del', 'show', 'get', 'flush')))),
    damaged(rule),
    damaged(address),
  )
  .map((words) => ['ip', ...words].map((word) => quoted(word.replace('up0', 'isp1').replace('up1', 'isp2'))).join(' '));
const ofIptables: Text = fc
  .oneof(iptables.samples, iptables.mutations)
  .map(({ table, chain, words }) => ['iptables', '-t', table, '-A', chain, ...words].map(quoted).join(' '));
const ofNft = fc.oneof(nft.rules, nft.mutations);
const groundwork = nft.groundwork.replace('TABLE', 't');

/** Several lines that one program reads. */
const document = (program: string, line: Text, before = '', after = ''): Text =>
  fc
    .array(fc.oneof({ weight: 4, arbitrary: line }, { weight: 1, arbitrary: broken(line) }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((lines) => `${program} <<'END'\n${before}${lines.join('\n')}${after}\nEND`);

const line: Text = fc.oneof(
  ip,
  ofIptables,
  ofNft.map((text) => `nft add rule t plain ${quoted(text)}`),
  jumbled(
    'ip',
    '-4 -j -o -n -batch - route rule address link neigh nexthop monitor add del show flush get replace to from via inet dev table main 101 metric 7 src nexthop weight 256 onlink default 10/8 10.0.0.1 isp1 isp2 fwmark 1/3 priority not iif sport 1-2 goto type veth dummy bridge peer name up down mtu group 1,2/3 id brd + scope lladdr 02:00:00:00:00:01 nud permanent',
  ),
  jumbled(
    'iptables',
    '-t nat mangle raw filter -A -I -D -L -S -P -F -N -X -C -R INPUT OUTPUT PREROUTING one ! -s -d -p tcp udp -m mark recent conntrack --mark 1/2 --set --ctstate NEW -j SNAT ACCEPT --to-source 1.2.3.4:5-6 -c 5 -f --dport 1:2',
  ),
  jumbled(
    'nft',
    'add delete flush list insert replace create rule table chain set map element ruleset ip inet t c s { } ; type hook priority policy accept drop tcp dport 1 handle vmap 10.0.0.1 timeout 5s -f - -j',
  ),
  jumbled(
    'sysctl',
    '-w -n -p - -q -a net.ipv4.ip_forward net.ipv4.ip_forward=1 net.ipv4.conf.isp1.rp_filter=2 a/b.c= = .',
  ),
  jumbled('conntrack', '-D -L -F -E -p udp --dport 53 -s 10.0.0.0/8 -m 1/3 -n --src=10.0.0.1 -pudp'),
  jumbled(
    'tc',
    'qdisc class filter add del show dev isp1 root parent 1: classid 1:2 htb tbf netem rate 8mbit burst 1k limit delay 5ms u32 match flowid',
  ),
  document(
    'ip -batch -',
    ip.map((text) => text.replace(/^ip /, '')),
  ),
  document(
    'nft -f -',
    ofNft.map((text) => `add rule t plain ${text}`),
  ),
  document(
    'iptables-restore',
    fc
      .oneof(iptables.samples, iptables.mutations)
      .map(({ chain, words }) => ['-A', chain, ...words].map(quoted).join(' ')),
    '*mangle\n:other - [0:0]\n',
    '\nCOMMIT',
  ),
  jumbled('echo 1 >/proc/sys/net/ipv4/', 'ip_forward conf/all/rp_filter conf/isp1/forwarding .. / neigh'),
);

/** Makes what some of the lines name. */
export const start = `nft -f - <<'END'\n${groundwork}\nEND\niptables -N other; iptables -t mangle -N other; iptables -t nat -N other`;

/** @param scripts of candidates */
export const pieces = (scripts: readonly string[]): Text =>
  fc.oneof(
    { weight: 8, arbitrary: line },
    { weight: 3, arbitrary: broken(line) },
    { weight: 1, arbitrary: brokenScript(scripts) },
  );
