import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import type { Lab } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import { kernelBackend } from './lab.ts';
import { asRoot } from './testing.ts';

/** A lab whose candidate has these scripts. */
async function deployed(t: ExecutionContext, scripts: { readonly up: string; readonly down: string }): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'line-scripts-'));
  const lab = await kernelBackend.open(homeGateway(), {
    ...{ profile: 'kernel', seed: 1, tunnels: {}, directory, label: 'line-scripts' },
  });
  t.teardown(async () => {
    await lab.close();
    await rm(directory, { recursive: true });
  });
  const lineScripts = { up: join(directory, 'ip-up'), down: join(directory, 'ip-down') };
  await Promise.all([
    writeFile(lineScripts.up, scripts.up),
    writeFile(lineScripts.down, scripts.down),
    writeFile(join(directory, 'up.sh'), ''),
  ]);
  await lab.apply({ name: 'test', title: '', lesson: '', script: join(directory, 'up.sh'), lineScripts, sources: {} });
  return lab;
}

const line2 = { host: 'server', interface: 'ppp1' } as const;

asRoot('ip-down runs when a line has gone, ip-up when it is back, with what pppd tells them', async (t) => {
  const lab = await deployed(t, {
    up: `if [ "$1 $4 $5" = "ppp1 203.0.114.99 203.0.114.1" ]; then ip route add default via "$5" dev "$1"; fi\n`,
    down: `if [ "$1 $4" = "ppp1 203.0.114.77" ] && ! ip link show ppp1; then ip route add 198.18.0.0/19 dev eth2; fi\n`,
  });
  await lab.inflict({ ...line2, kind: 'vanish' });
  t.is(await lab.route('server', '198.18.0.1'), 'eth2');
  await lab.inflict({ ...line2, kind: 'return', address: '203.0.114.99' });
  t.is(await lab.route('server', '192.0.2.5'), 'ppp1');
});

/** Both scripts read a number and write it back, one more. */
const count = (locked: boolean): string => `
${locked ? 'exec 9>/run/count.lock\nflock 9' : ''}
metric=$(ip route show 198.18.0.0/19 | sed -n 's/.*metric \\([0-9]*\\).*/\\1/p')
ip route flush 198.18.0.0/19
ip route add 198.18.0.0/19 dev eth2 metric $((\${metric:-0} + 1))
ip route replace default dev "$([ "$metric" ] && echo eth1 || echo eth0)"
`;
const both = { before: [], changes: ['ppp0', 'ppp1'] };

asRoot('scripts take turns as they are told, to the command', async (t) => {
  const lab = await deployed(t, { up: count(false), down: '' });
  // Moves are numbered in the order of the changes, those that are there: first all of the first script, then all of the second.
  const first = { ...both, turns: Array<number>(40).fill(0) };
  // Both begin, then they take turns command by command, until the first has ended.
  const inTurn = { ...both, turns: [0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0] };
  const results = await lab.interleave([first, inTurn, first]);
  t.deepEqual(
    results.map(({ turns }) => turns.join(' ')),
    ['+0 0 0 0 0 +1 1 1 1 1', '+0 +1 0 1 0 1 0 1 0 1', '+0 0 0 0 0 +1 1 1 1 1'],
  );
  t.deepEqual(results[0]!.nexthops, ['eth1'], 'the second reads what the first has written');
  t.deepEqual(results[2], results[0]);
  await t.throwsAsync(lab.evidence(), { instanceOf: LabError, message: /recorded no packet at all/ });
});

asRoot('a script waits for a lock without stopping the others', async (t) => {
  const lab = await deployed(t, { up: count(true), down: '' });
  const [result] = await lab.interleave([{ ...both, turns: [0, 1, 0, 1] }]);
  const own = result!.turns.filter((turn) => turn === '1');
  t.true(own.length > 5, `it has tried the lock more than once: ${result!.turns.join(' ')}`);
  t.deepEqual(result!.nexthops, ['eth1']);
});

asRoot('a line that goes has its script run beside the loss of its interface', async (t) => {
  const down =
    'if ip link show "$1" >/dev/null 2>&1; then ip route replace default dev eth1; else ip route replace default dev eth2; fi';
  const lab = await deployed(t, { up: '', down });
  const goes = { before: ['ppp0'], changes: ['ppp0'] };
  const results = await lab.interleave([
    { ...goes, turns: [0, 0, 0, 0] },
    { ...goes, turns: [0, 1, 0, 0] },
  ]);
  t.deepEqual(
    results.map(({ turns, nexthops }) => [turns.join(' '), ...nexthops]),
    [
      ['+0 0 0 -0', 'eth1'],
      ['+0 -0 0 0', 'eth2'],
    ],
  );
});

asRoot('questions are answered, or not, from a time on', async (t) => {
  const lab = await deployed(t, { up: '', down: '' });
  const refused = { protocol: 'tcp', destination: '203.0.113.1', port: 9 } as const;
  const nobody = { protocol: 'udp', destination: '203.0.114.1', port: 7 } as const;
  t.deepEqual(await lab.unanswered([{ host: 'server', destination: '203.0.113.1' }]), []);
  const probing = await lab.probe('server', [refused, nobody]);
  t.deepEqual(await Promise.all([probing.answered(refused, 10), probing.answered(nobody, 1)]), [true, false]);
  await probing.hurry([refused]);
  t.true(await probing.answered(refused, 10));
  await lab.inflict({ host: 'isp1', kind: 'silence' });
  t.false(await probing.answered(refused, 1));
  await lab.inflict({ host: 'isp1', kind: 'revive' });
  t.true(await probing.answered(refused, 10));
  await probing.stop();
});
