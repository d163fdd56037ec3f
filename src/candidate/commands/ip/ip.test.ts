import test from 'ava';
import fc from 'fast-check';
import type { IpCommand } from '../ip.ts';
import { refusal, wordsOf } from '../sample-words.ts';
import { readIp } from './read.ts';

const read = (line: string): IpCommand => readIp(wordsOf(line, 3), null)[0]!.command;
const batch = (text: string, line = 'ip -batch -') => {
  return readIp(wordsOf(line, 3), { text, at: { file: 'up.sh', line: 10, column: 1 } });
};

const refused = test.macro<[string, string, string?]>({
  exec: (t, line, message, hint = '') => {
    const [found, why] = refusal(() => read(line));
    t.is(found, `up.sh:3:${message}`);
    t.true(why.includes(hint), why);
  },
  title: (_title, line) => line,
});

test(refused, 'ip route add vai 10.0.0.1', '14: expected an IPv4 prefix such as 203.0.113.0/24, got "vai"', 'via?');
test(refused, 'ip route add default via', '22: "via" needs something after it');
test(
  refused,
  'ip route add dev eth0',
  '10: the route needs a destination: default, or a prefix such as 203.0.113.0/24',
);
test(refused, 'ip route add 10/8 10/9 dev a', '19: the route has a destination already, before 10/9');
test(refused, 'ip route add 10/33 dev a', '14: expected an IPv4 prefix such as 203.0.113.0/24, got "10/33"');
test(refused, 'ip route add default via 10.0.0.1 via 10.0.0.2', '35: a route has one gateway', 'nexthop');
test(refused, 'ip route add default nexthop dev a weight 0', '43: expected a weight, a number from 1 to 256, got "0"');
test(
  refused,
  'ip route add default nexthop dev a wieght 2',
  '36: expected nexthop or the end of the route, got "wieght"',
  'weight?',
);
test(refused, 'ip route add default nexthop', '22: nexthop needs something after it, such as via ADDRESS dev DEVICE');
test(refused, 'ip address show label up0:x', '17: label is not modelled');
test(refused, 'ip address flush dev up0 label up0:x', '26: label is not modelled');
test(refused, 'ip route add default dev a nexthop dev b', '22: dev beside nexthop is not modelled');
test(refused, 'ip route add default via 2001:db8::1', '26: IPv6 (2001:db8::1) is not modelled');
test(refused, 'ip route add default dev a table isp1', '34: there is no routing table "isp1"', 'number');
test(refused, 'ip route add default dev a table mian', '34: there is no routing table "mian"', 'main?');
test(refused, 'ip route add default dev a pref 7', '28: pref is not modelled', 'metric');
test(refused, 'ip route add default dev a encap mpls', '28: encap is not modelled');
test(refused, 'ip route flush', '10: ip route flush needs to be told which routes');
test(refused, 'ip route get', '10: ip route get needs a destination address');
test(refused, 'ip route remove default', '10: "remove" is not something that ip route does', 'replace');
test(refused, 'ip rout3 add', '4: "rout3" is not an object of ip', 'route?');
test(refused, 'ip monitor', '4: ip monitor of everything is not modelled');
test(refused, 'ip monitor route', '12: ip monitor route is not modelled');
test(refused, 'ip mon li ppp0', '11: ip monitor link ppp0 is not modelled');
test(refused, 'ip', '1: ip needs an object, such as route');
test(refused, 'ip -6 route', '4: -6 is not modelled', 'IPv4');
test(refused, 'ip -n blue route', '4: -n is not modelled');
test(refused, 'ip --jsno route', '4: "-jsno" is not an option of ip', '-json?');
test(refused, 'ip -batch /etc/routes', '11: the file /etc/routes is not modelled', 'here-document');
test(refused, 'ip -batch -', '11: ip -batch - has nothing to read');
test(refused, 'ip rule add', '9: ip rule add needs to be told a rule');
test(refused, 'ip rule add form 10.0.0.2 table 7', '13: "form" is nothing that a rule says', 'from?');
test(refused, 'ip rule add fwmark 0xg table 7', '20: expected a mark, a number from 0 to 4294967295, got "0xg"');
test(refused, 'ip rule add dport 80x table 7', '19: expected a port or a range of ports from 1 to 65535, got "80x"');
test(refused, 'ip rule add from 10/8 table 7 blackhole', '29: a rule with a table that is a blackhole is not modelled');
test(refused, 'ip rule add type throw', '18: a rule of type throw is not modelled');
test(refused, 'ip address add 10.0.0.1/24', '12: ip address add needs a device: dev NAME');
test(
  refused,
  'ip address add 10.0.0.1/24 10.0.0.2/24 dev a',
  '28: the command has an address already, before 10.0.0.2/24',
);
test(refused, 'ip link add e0', '9: ip link add needs a type, such as type veth');
test(refused, 'ip link add e0 type vlan id 5', '21: a link of type vlan is not modelled');
test(refused, 'ip link set e0 netns blue', '16: netns is not modelled');
test(refused, 'ip link set e0 upp', '16: expected something that a link has, got "upp"', 'up?');
test(
  refused,
  'ip neigh add 10.0.0.1 lladdr 02:00 dev a',
  '30: expected a hardware address such as 02:00:00:00:00:01, got "02:00"',
);
test(refused, 'ip nexthop add id 1 group 2,0', '27: expected a weight, a number from 1 to 256, got "0"');
test(refused, "ip route add '' dev a", '14: expected an IPv4 prefix such as 203.0.113.0/24, got ""');

const same = test.macro<[string, string]>({
  exec: (t, short, long) => t.deepEqual(read(short), read(long)),
  title: (_title, short) => short,
});

test(same, 'ip r a default via 10.1', 'ip route add to 0.0.0.0/0 via inet 10.1.0.0');
test(same, 'ip r', 'ip route show table main');
test(same, 'ip ro d 10/8', 'ip route delete 10.0.0.0/8');
test(same, 'ip a', 'ip address show');
test(same, 'ip ad a 10.0.0.1/24 dev a', 'ip address add local 10.0.0.1/255.255.255.0 dev a');
test(same, 'ip l s e0 up', 'ip link set dev e0 up');
test(same, 'ip n', 'ip neighbour list');
test(same, 'ip ru a from 10.0.0.2 ta 7', 'ip rule add from 10.0.0.2/32 lookup 7');
test(same, 'ip route add 10/8 dev a p 7 pro 4', 'ip route add 10/8 dev a metric 7 proto static');
test(same, 'ip route add unr 10/8', 'ip route add unreachable 10/8');
test(same, 'ip rule add fwmark 010/0xff ta 0x10', 'ip rule add fwmark 8/255 lookup 16');
test(same, 'ip rule add from all fwmark 0 tos 0', 'ip rule add lookup main');
test(same, 'ip route add default dev a mtu lock 1400 advmss 1360', 'ip route add default dev a');
test(same, 'ip route del local 10.0.0.1', 'ip route del local 10.0.0.1 table local');
test(same, 'ip -f inet -j -d a', 'ip -4 -json -details address show');

test('a route of several nexthops, as it is told to the kernel', (t) => {
  t.deepEqual(read('ip route add default scope global nexthop via 10.1.0.1 dev a weight 8 nexthop dev b'), {
    object: 'route',
    action: 'add',
    route: {
      type: 'unicast',
      destination: { address: 0, length: 0 },
      ...{ tos: 0, table: 254, metric: null, protocol: 3, scope: 0, source: null, nexthopId: null },
      nexthops: [
        { gateway: 0x0a010001, device: 'a', weight: 8, onlink: false },
        { gateway: null, device: 'b', weight: 1, onlink: false },
      ],
    },
  });
});

test('a deleted route leaves open what is not said', (t) => {
  t.like(read('ip route del 10/8 table 5'), {
    route: { type: null, metric: null, protocol: null, scope: null, table: 5, nexthops: [] },
  });
});

test('names of tables are those that are given', (t) => {
  const [placed] = readIp(wordsOf('ip rule add from 10.0.0.2 table isp1'), null, { tables: new Map([['isp1', 101]]) });
  t.like(placed!.command, { rule: { action: { kind: 'table', table: 101 } } });
});

test('a batch is read line by line, and each of its words is found again', (t) => {
  const placed = batch(`# comment
route add default \\
  via 10.0.0.1 dev 'a b'

rule add from 10.0.0.2 table 7 # more
  address add "10.0.0.2/24" dev a`);
  t.deepEqual(
    placed.map(({ command, at }) => [command.object, at.line, at.column]),
    [
      ['route', 11, 1],
      ['rule', 14, 1],
      ['address', 15, 3],
    ],
  );
  t.like(placed[0]!.command, { route: { nexthops: [{ device: 'a b' }] } });
  t.is(
    refusal(() => batch('route add \\\n 10/8 dve a'))[0],
    'up.sh:11:7: expected an IPv4 prefix such as 203.0.113.0/24, got "dve"',
  );
  t.is(refusal(() => batch('route add "10/8'))[0], 'up.sh:10:11: the quote " has no end on its line');
  t.is(
    refusal(() => batch('rule show\nroute show \\\n'))[0],
    'up.sh:11:1: the batch ends with a line that is to go on in the next',
  );
  t.deepEqual(batch('\n\n# nothing\n'), []);
});

const vocabulary = [
  ...'ip -4 -j -o -batch - route rule address link neigh nexthop add del show flush get replace to from via inet dev'.split(
    ' ',
  ),
  ...'table main 101 metric 7 src nexthop weight 256 onlink unreachable default 10/8 10.0.0.1 fwmark 1/3 priority'.split(
    ' ',
  ),
  ...'not iif sport 1-2 goto type veth peer name up mtu group 1,2/3 id brd + scope lladdr 02:00:00:00:00:01 nud'.split(
    ' ',
  ),
];
const word = fc.oneof(
  fc.constantFrom(...vocabulary),
  fc.constantFrom(...vocabulary).map((text) => text.slice(0, 2)),
  fc.string(),
);

test('whatever is said to ip, it is read or refused', (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const line = fc.tuple(fc.array(word, { maxLength: 14 }), fc.option(fc.array(word).map((words) => words.join(' '))));
  let many = 0;
  fc.assert(
    fc.property(line, ([words, input]) => {
      const at = { file: 'up.sh', line: 1, column: 1 };
      const given = ['ip', ...words].map((text) => ({ text, at }));
      const [message] = refusal(() => readIp(given, input === null ? null : { text: input, at }));
      if (message === '') many++;
      else t.regex(message, /^up\.sh:1:\d+: \S/);
    }),
    { seed, numRuns: 20_000 },
  );
  t.log(`seed ${seed}: ${many} of 20000 were read`);
  t.true(many > 20);
});
