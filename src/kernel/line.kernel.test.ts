import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import carrierNetwork from '../../lab/topologies/carrier-nat.ts';
import { lacks } from './features.ts';
import { buildNetwork, loseNothing } from './network.ts';
import { asRoot, openedFor } from './testing.ts';

asRoot('whether the kernel has netem is found out by trying, as its configuration has it', async (t) => {
  const found = await lacks('netem');
  const config = await readFile('/proc/config.gz').then(
    (packed) => gunzipSync(packed).toString(),
    () => '',
  );
  // Of a module, or without its configuration, only the kernel itself can tell.
  if (/^CONFIG_NET_SCH_NETEM=y$/m.test(config)) t.is(found, null);
  if (config !== '' && !/^CONFIG_NET_SCH_NETEM=/m.test(config))
    t.is(found, 'this kernel has no netem (CONFIG_NET_SCH_NETEM)');
  t.is(await lacks('netem'), found);
});

asRoot('a line delays what it carries, loses some of it, and then nothing more', async (t) => {
  const missing = await lacks('netem');
  if (missing !== null) {
    t.log(`not on this kernel: ${missing}`);
    t.pass();
    return;
  }
  const sandbox = await openedFor(t);
  const topology = carrierNetwork({ mode: 'stateful' }, { impairment: { delay: 0.04, loss: 0.5 } });
  await buildNetwork(sandbox, topology, { profile: 'kernel', seed: 1, tunnels: {} });
  const ping = async (count: number): Promise<readonly number[]> => {
    const command = ['ping', '-c', String(count), '-i', '0.02', '-W', '1', '192.0.2.1'];
    const { stdout } = await sandbox.attempt('cgnat', command);
    return [...stdout.matchAll(/ time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  };
  // A request and its answer get through one time of four: more than 5 of 200, and fewer than 100, but once in 10^13 runs.
  const times = await ping(200);
  t.true(times.length > 5 && times.length < 100, `${times.length}`);
  for (const time of times) t.true(time >= 80, `${time} ms`);
  await sandbox.run('losing nothing', null, ['sh', '-eu'], { input: loseNothing(topology) });
  t.is((await ping(20)).length, 20);
});
