import test, { type ExecutionContext } from 'ava';
import { applyCandidate } from '../src/kernel/apply.ts';
import { buildNetwork } from '../src/kernel/network.ts';
import type { Sandbox } from '../src/kernel/sandbox.ts';
import { openedFor } from '../src/kernel/testing.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { profileNamed } from '../src/topology/profile.ts';
import homeGateway from './topologies/home-gateway.ts';

async function deployed(t: ExecutionContext, before: string): Promise<Sandbox> {
  const sandbox = await openedFor(t);
  const topology = homeGateway();
  await buildNetwork(sandbox, topology, { profile: profileNamed('systemd'), seed: 1, tunnels: {} });
  await sandbox.run('before', null, ['sh', '-euc', before]);
  await applyCandidate(sandbox, topology, await loadCandidate('shorewall'), 1);
  return sandbox;
}

// A machine may have a Shorewall of its own. Here it has one that can't be compiled, and nothing of it can be written to.
const machine = `
mount -t tmpfs none /etc/shorewall
for file in params zones interfaces rtrules hosts tunnels conntrack helpers; do echo 'exit 1' >/etc/shorewall/$file; done
for folder in /etc /usr /var /tmp; do mount --rbind $folder $folder; mount -o remount,bind,ro $folder; done
`;

test("the machine's own Shorewall plays no part, and nothing is written outside /run", async (t) => {
  const sandbox = await deployed(t, machine);
  const ask = (...command: string[]): Promise<string> => sandbox.run('asking', 'server', command);
  t.regex(await ask('ip', 'route', 'show', 'table', '250'), /via 203\.0\.113\.1 .*8 *\n.*via 203\.0\.114\.1 .*2 *\n/);
  t.regex(await ask('iptables', '-t', 'mangle', '-S'), /-A OUTPUT -j CONNMARK --restore-mark/);
  t.notRegex(await ask('iptables', '-t', 'raw', '-S'), /CT/);
  t.is(await ask('cat', '/proc/sys/net/ipv4/conf/all/rp_filter'), '0\n');
});

test('a configuration with a mistake is an error, in the words of Shorewall', async (t) => {
  const folder = (await loadCandidate('shorewall')).script.replace(/up\.sh$/, 'etc');
  const script = `mount -t tmpfs none /mnt; cp -r ${folder} /mnt; echo 'isp3 3 3 - eth9 - -' >>/mnt/etc/providers; mount --bind /mnt/etc ${folder}`;
  await t.throwsAsync(deployed(t, script), { message: /Unknown Interface \(eth9\) .*etc\/providers \(line \d+\)/ });
});
