import test from 'ava';
import { readTc } from './read-tc.ts';
import { refusal, wordsOf } from './sample-words.ts';

const tc = (line: string) => readTc(wordsOf(line));

test('tc says how a link is shaped', (t) => {
  const shape = { rate: null, delay: null, loss: null };
  t.deepEqual(tc('tc qdisc add dev isp1 root tbf rate 8mbit burst 32kb latency 50ms'), {
    action: 'shape',
    device: 'isp1',
    shape: { ...shape, rate: 8e6 },
  });
  t.deepEqual(tc('tc q r dev isp1 root handle 1: netem delay 20ms loss random 5% rate 1mbps'), {
    action: 'shape',
    device: 'isp1',
    shape: { rate: 8e6, delay: 0.02, loss: 0.05 },
  });
  t.deepEqual(tc('tc qdisc del dev isp1 root'), { action: 'unshape', device: 'isp1' });
  t.deepEqual(tc('tc qdisc add dev isp1 root handle 1: htb default 20'), { action: 'no-bearing', device: 'isp1' });
  t.deepEqual(tc('tc class add dev isp1 parent 1: classid 1:20 htb rate 500kbit ceil 1Mbit'), {
    action: 'class',
    device: 'isp1',
    class: { id: '1:20', parent: '1:', rate: 5e5, ceiling: 1e6 },
  });
  const filter =
    'tc filter add dev isp1 parent 1: protocol ip prio 1 u32 match ip dport 53 0xffff match ip src 10.0.0.0/8';
  t.deepEqual(tc(`${filter} flowid 1:20`), { action: 'no-bearing', device: 'isp1' });
  t.deepEqual(tc('tc filter add dev isp1 parent 1: handle 6 fw classid 1:20'), {
    action: 'no-bearing',
    device: 'isp1',
  });
  t.deepEqual(tc('tc qdisc add dev isp1 parent 1:20 fq_codel limit 100 noecn'), {
    action: 'no-bearing',
    device: 'isp1',
  });
  t.deepEqual(tc('tc qdisc'), { action: 'show', device: null });
});

test('tc refuses what could send packets elsewhere, and what tc refuses', (t) => {
  const refused = (line: string) => refusal(() => tc(`tc ${line}`))[0];
  const filter = 'filter add dev a parent 1: u32 match u32 0 0';
  t.is(refused(`${filter} action mirred egress redirect dev b`), "up.sh:1:49: a filter's action is not modelled");
  t.is(refused(`${filter} flowid 1:1 action drop`), "up.sh:1:60: a filter's action is not modelled");
  t.is(
    refused('filter add dev a parent 1: u32 match ip dport 53 0xffff'),
    'up.sh:1:11: tc filter needs a kind, u32 or fw, and flowid HANDLE',
  );
  t.is(refused('qdisc add dev a ingress'), 'up.sh:1:20: ingress is not modelled');
  t.is(refused('qdisc add dev a root teql0'), 'up.sh:1:25: the qdisc teql0 is not modelled');
  t.is(refused('qdisc add dev a root tbf rate 8mbit'), 'up.sh:1:25: tbf needs rate, burst, and latency or limit');
  t.is(
    refused('qdisc add dev a root tbf rate 8mbis burst 1 limit 1'),
    'up.sh:1:34: expected a rate such as 8mbit, got "8mbis"',
  );
  t.is(refused('qdisc add dev a root netem delay 1ms 2ms'), "up.sh:1:41: netem's 2ms is not modelled");
  t.is(refused('qdisc add root fq'), 'up.sh:1:10: tc qdisc needs a device: dev NAME');
  t.is(refused('actions add'), 'up.sh:1:4: "actions" is not an object of tc');
  t.is(refused('-s qdisc'), "up.sh:1:4: tc's option -s is not modelled");
});
