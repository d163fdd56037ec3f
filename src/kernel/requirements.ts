import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { LabError } from '../net/error.ts';
import { searchPath } from './process.ts';
import { openSandbox } from './sandbox.ts';

/** Every program that the kernel lab runs. `lab/setup` knows the packages they come in. */
export const tools = [
  ...[
    'setpriv',
    'unshare',
    'nsenter',
    'tini',
    'ip',
    'tc',
    'nft',
    'iptables',
    'ping',
    'fping',
    'dumpcap',
    'socat',
    'conntrack',
  ],
  ...['openvpn', 'openssl', 'dnsmasq', 'dig', 'sshd', 'ssh-keygen'],
] as const;

/** @throws LabError `cannot-run` if a program, a privilege or (where it is wanted) the tunnel device is missing */
export async function assertReady(tunnels: boolean): Promise<void> {
  await assertTools();
  if (tunnels) await assertTunnelDevice();
  await (await openSandbox()).close();
}

/** @throws LabError `cannot-run`, naming every program that is missing */
async function assertTools(): Promise<void> {
  const found = await Promise.all(tools.map(isInstalled));
  const missing = tools.filter((_, index) => !found[index]);
  if (missing.length > 0) {
    throw new LabError(
      'cannot-run',
      `missing on this machine: ${missing.join(', ')}`,
      'sh lab/setup installs what is missing when run as root on Debian or Ubuntu, and otherwise says how to',
    );
  }
}

/** Whether there is a program of that name where we look for programs. */
export async function isInstalled(tool: string): Promise<boolean> {
  const tries = searchPath.map((folder) => access(`${folder}/${tool}`, constants.X_OK));
  return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
}

/** @throws LabError `cannot-run` where tunnel devices are root's alone and we aren't root */
async function assertTunnelDevice(): Promise<void> {
  const device = '/dev/net/tun';
  try {
    await access(device, constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'which is not there' : "which this user may not open: it is root's alone";
    const mend = code === 'ENOENT' ? 'modprobe tun' : `run as root, or: chmod a+rw ${device}`;
    throw new LabError('cannot-run', `OpenVPN needs ${device}, ${why}`, mend);
  }
}
