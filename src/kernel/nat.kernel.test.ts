import type { ExecutionContext } from 'ava';
import carrierNetwork, { carrierNat, cloud, type NatMode } from '../../lab/topologies/carrier-nat.ts';
import { natRules } from '../topology/nat-ruleset.ts';
import { buildNetwork } from './network.ts';
import type { Sandbox } from './sandbox.ts';
import { asRoot, openedFor } from './testing.ts';

/** The network, with a server in the cloud that answers each datagram with the port that it came from. */
async function built(t: ExecutionContext, mode: NatMode) {
  const sandbox = await openedFor(t);
  await buildNetwork(sandbox, carrierNetwork(mode), { profile: 'kernel', seed: 1, tunnels: {} });
  await sandbox.run('routing', 'router', ['ip', 'route', 'add', 'default', 'via', '123.45.0.1']);
  // A new link loses what it is given before the kernel's link watch has seen it.
  for (const [host, to] of [
    ['router', '123.45.0.1'],
    ['cgnat', cloud],
  ] as const) {
    await sandbox.run('waiting for links', host, ['ping', '-q', '-c', '1', '-i', '0.05', '-w', '5', to]);
  }
  const answer = 'SYSTEM:cat >/dev/null; echo \\$SOCAT_PEERPORT';
  const udp = sandbox.launch('cloud', ['socat', '-d', '-d', '-d', 'UDP4-RECVFROM:7,fork', answer]);
  const tcp = sandbox.launch('cloud', ['socat', '-d', '-d', 'TCP4-LISTEN:7,fork', answer]);
  await Promise.all([udp.says(/receiving on/, 10), tcp.says(/listening on/, 10)]);
  const ask = async (port: number, protocol: 'UDP4' | 'TCP4' = 'UDP4'): Promise<string> => {
    const server = `${protocol}:${cloud}:7,sourceport=${port},reuseaddr`;
    const connected = protocol === 'TCP4' ? `${server},connect-timeout=1` : `${server},readbytes=${`${port}\n`.length}`;
    const { stdout } = await sandbox.attempt('router', ['socat', '-t', '1', '-', connected], { input: 'hello\n' });
    return stdout.trim();
  };
  const seen = async (): Promise<readonly string[]> =>
    [...(await udp.said()).matchAll(/received packet with \d+ bytes from AF=2 203\.0\.113\.10:(\d+)/g)].map(
      ([, port]) => port!,
    );
  return { sandbox, ask, seen };
}

const change = (sandbox: Sandbox, mode: NatMode): Promise<string> =>
  sandbox.run('changing', 'cgnat', ['nft', '-f', '-'], { input: natRules(carrierNat(mode)) });

const pings = async (sandbox: Sandbox): Promise<boolean> =>
  (await sandbox.attempt('router', ['ping', '-q', '-c', '1', '-W', '1', '-w', '5', cloud])).exitCode === 0;

asRoot('a stateful NAT answers a flow as often as it asks', async (t) => {
  const { ask, sandbox } = await built(t, { mode: 'stateful' });
  t.deepEqual(
    [await ask(5000), await ask(5000), await ask(5001), await ask(5002, 'TCP4')],
    ['5000', '5000', '5001', '5002'],
  );
  t.true(await pings(sandbox));
});

asRoot(
  'a one-way NAT sends each datagram from another port and lets no answer in; TCP and ICMP are as usual',
  async (t) => {
    const { ask, seen, sandbox } = await built(t, { mode: 'one-way' });
    t.deepEqual([await ask(5000), await ask(5000), await ask(5001)], ['', '', '']);
    t.deepEqual(await seen(), ['40001', '40002', '40003']);
    t.is(await ask(5002, 'TCP4'), '5002');
    t.true(await pings(sandbox));
  },
);

asRoot(
  'a short-lived mapping dies of age, however much it is used, and is not renewed; a new flow gets a new one',
  async (t) => {
    const lifetime = 2;
    const { ask, seen, sandbox } = await built(t, { mode: 'short-lived', lifetime });
    const started = performance.now();
    const spent = (): number => (performance.now() - started) / 1000;
    const answers: string[] = [];
    do answers.push(await ask(5000));
    while (answers.at(-1) !== '' && spent() < 20);
    t.is(answers[0], '5000');
    t.true(answers.length > 2, 'it was used meanwhile');
    t.true(spent() >= lifetime, `${spent()} s`);
    t.is(await ask(5000), '');
    t.regex((await seen()).at(-1)!, /^400\d\d$/, 'from another port');
    t.is(await ask(5001), '5001');
    t.is(await ask(5002, 'TCP4'), '5002');
    t.true(await pings(sandbox));
  },
);

asRoot('a full NAT serves the flows that it has, and takes no more than it has room for', async (t) => {
  const { ask, sandbox } = await built(t, { mode: 'table-full', room: 1 });
  t.deepEqual([await ask(5000), await ask(5001), await ask(5000)], ['5000', '', '5000']);
  t.is(await ask(5002, 'TCP4'), '');
  t.false(await pings(sandbox));
});

asRoot('a NAT that becomes one-way forgets the flows that it had', async (t) => {
  const { ask, sandbox } = await built(t, { mode: 'stateful' });
  t.is(await ask(5000), '5000');
  await change(sandbox, { mode: 'one-way' });
  t.is(await ask(5000), '');
});

asRoot('a NAT that fills up keeps the flows that it had', async (t) => {
  const { ask, sandbox } = await built(t, { mode: 'stateful' });
  t.is(await ask(5000), '5000');
  await change(sandbox, { mode: 'table-full', room: 0 });
  t.deepEqual([await ask(5000), await ask(5001)], ['5000', '']);
});

asRoot('a NAT that becomes short-lived gives a flow that it had one more life', async (t) => {
  const { ask, sandbox } = await built(t, { mode: 'stateful' });
  t.is(await ask(5000), '5000');
  await change(sandbox, { mode: 'short-lived', lifetime: 2 });
  const answers: string[] = [];
  do answers.push(await ask(5000));
  while (answers.at(-1) !== '' && answers.length < 1000);
  t.is(answers[0], '5000');
  t.is(answers.at(-1), '');
});
