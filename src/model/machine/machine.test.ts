import test from 'ava';
import { LabError } from '../../net/error.ts';
import type { Topology } from '../../topology/topology.ts';
import type { Outcome } from '../../candidate/shell/evaluate.ts';
import { createGround, runScript } from '../apply-candidate.ts';
import { eraOf } from '../era.ts';
import { buildNetwork } from '../network.ts';

const alone: Topology = {
  ...{ name: 'alone', title: 'One host', links: [] },
  hosts: [{ name: 'server', forwarding: true, routes: [] }],
  server: { host: 'server', uplinks: [] },
};

/** What a script prints on a host of its own. */
function run(script: string, release = '6.18.44'): Outcome {
  const network = buildNetwork(alone, {
    ...{ era: eraOf(release), seed: 1, record: () => undefined, trailOf: null, delay: 0 },
  });
  const ended: Outcome[] = [];
  runScript(createGround(network), network.hosts.get('server')!, script, (outcome) => ended.push(outcome));
  while (ended.length === 0 && network.clock.step());
  return ended[0]!;
}

const veth = 'ip link add up0 type veth peer name far0\nip link set far0 up\nip link set up0 up\n';

// As `ip` prints it on Linux 6.18.
test('an address has its label and metric, and so has the route to its network', (t) => {
  const { stdout, status } = run(`${veth}
    ip address add 192.0.2.2/24 dev up0 label up0:isp metric 70
    ip address add 198.51.100.2/24 dev up0
    ip -o -4 address show dev up0
    ip route show`);
  t.is(status, 0);
  t.regex(stdout, /inet 192\.0\.2\.2\/24 metric 70 scope global up0:isp\b/);
  t.regex(stdout, /inet 198\.51\.100\.2\/24 scope global up0(?!:)/);
  t.regex(stdout, /^192\.0\.2\.0\/24 dev up0 proto kernel scope link src 192\.0\.2\.2 metric 70 ?$/m);
  t.regex(stdout, /^198\.51\.100\.0\/24 dev up0 proto kernel scope link src 198\.51\.100\.2 ?$/m);
});

test('another metric moves the route, and its label stays', (t) => {
  const { stdout } = run(`${veth}
    ip address add 192.0.2.2/24 dev up0 label up0:isp metric 70
    ip address replace 192.0.2.2/24 dev up0 metric 5
    ip -o -4 address show dev up0
    ip route show`);
  t.regex(stdout, /192\.0\.2\.2\/24 metric 5 scope global up0:isp\b/);
  t.deepEqual(
    stdout.match(/^192.*$/gm)?.map((line) => line.trim()),
    ['192.0.2.0/24 dev up0 proto kernel scope link src 192.0.2.2 metric 5'],
  );
});

test('a variable that bears on nothing has its default, or what was written', (t) => {
  const { stdout } = run(`
    sysctl -n net.ipv4.tcp_syn_retries net.ipv4.icmp_ratemask
    sysctl -q -w net.ipv4.tcp_syn_retries=2 net.core.rmem_max=1000000
    cat=$(sysctl -n net.core.rmem_max)
    echo "$cat $(sysctl -n net.ipv4.tcp_syn_retries)"`);
  t.is(stdout, '6\n6168\n1000000 2\n');
});

test('one whose value depends on the machine is an error to read', (t) => {
  const error = t.throws(() => run('sysctl -n net.core.rmem_max'), { instanceOf: LabError });
  t.is(error.code, 'lab-failed');
  t.regex(error.message, /net\/core\/rmem_max has a value that the model doesn't know/);
});

test('what an era has no variable for is none', (t) => {
  t.is(run('sysctl -n net.ipv4.conf.all.accept_local').stdout, '0\n');
  t.regex(run('sysctl -n net.ipv4.conf.all.accept_local || :', '2.6.32').stderr, /No such file or directory/);
});
