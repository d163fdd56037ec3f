import type { ExecutionContext } from 'ava';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import { buildNetwork } from './network.ts';
import type { Sandbox } from './sandbox.ts';
import { asRoot, openedFor } from './testing.ts';

async function built(t: ExecutionContext): Promise<Sandbox> {
  const sandbox = await openedFor(t);
  await buildNetwork(sandbox, homeGateway(), { profile: 'kernel', seed: 1, tunnels: {} });
  return sandbox;
}

asRoot('a line from point to point, with its rate', async (t) => {
  const sandbox = await built(t);
  const address = await sandbox.run('address', 'server', ['ip', '-br', 'address', 'show', 'dev', 'ppp0']);
  t.regex(address, /203\.0\.113\.2 peer 203\.0\.113\.1\/32/);
  for (const [host, name, rate] of [
    ['server', 'ppp0', '8Mbit'],
    ['isp2', 'server', '2Mbit'],
  ] as const) {
    t.regex(
      await sandbox.run('queue', host, ['tc', 'qdisc', 'show', 'dev', name]),
      new RegExp(`^qdisc tbf .* rate ${rate} `),
    );
  }
  t.notRegex(await sandbox.run('queue', 'server', ['tc', 'qdisc', 'show', 'dev', 'eth2']), /tbf/);
});

asRoot('hosts on a switch reach each other and the server', async (t) => {
  const sandbox = await built(t);
  for (const [host, destination] of [
    ['desktop', '192.168.2.101'],
    ['laptop', '192.168.2.1'],
    ['server', '192.168.2.100'],
  ] as const) {
    await sandbox.run('ping', host, ['ping', '-c', '1', '-w', '5', destination]);
  }
  t.regex(
    await sandbox.run('route', 'desktop', ['ip', 'route', 'get', '192.168.2.101']),
    /dev eth0 src 192\.168\.2\.100/,
  );
});

asRoot('the world has every address of its own prefixes', async (t) => {
  const sandbox = await built(t);
  const far = ['198.18.0.0', '198.18.7.9', '198.18.31.255'];
  await sandbox.run('pings', 'client', ['fping', '-q', '-t', '3000', ...far]);
  const beyond = await sandbox.attempt('client', ['fping', '-q', '-r', '0', '-t', '200', '198.18.32.0']);
  t.is(beyond.exitCode, 1);
});

asRoot("isp2's statistics refuse whoever is not its customer, and open connections of their own", async (t) => {
  const sandbox = await built(t);
  for (const host of ['statistics', 'client']) {
    const listener = sandbox.launch(host, ['socat', '-d', '-d', 'TCP4-LISTEN:80,fork,reuseaddr', 'EXEC:cat']);
    await listener.says(/listening on/, 10);
  }
  const connect = (host: string, to: string) =>
    sandbox.attempt(host, ['socat', '-u', '-t', '1', 'STDIN', `TCP4:${to}:80,connect-timeout=5`]);
  t.is((await connect('isp2', '203.0.114.200')).exitCode, 0, 'from 203.0.114.193');
  const refused = await connect('client', '203.0.114.200');
  t.not(refused.exitCode, 0);
  t.regex(refused.stderr, /refused/);
  t.is((await connect('statistics', '198.51.100.10')).exitCode, 0);
});
