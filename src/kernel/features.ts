import type { Feature } from '../backend/feature.ts';
import { LabError } from '../net/error.ts';
import { isInstalled } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** How it is tried whether there is something, where labs will be: no release tells. Resolves with why there isn't, or null. */
const trials: Readonly<Record<Feature, (sandbox: Sandbox) => Promise<string | null>>> = {
  netem: tryNetem,
  ppp: tryPpp,
};
const found = new Map<Feature, Promise<string | null>>();

/**
 * Why a feature can't be had on this machine, in a few words; null: it can. It is tried once.
 *
 * @throws LabError `lab-failed` if that can't be found out; `cannot-run` where there can be no sandbox
 */
export function lacks(feature: Feature): Promise<string | null> {
  const known = found.get(feature) ?? tryOut(feature);
  found.set(feature, known);
  return known;
}

async function tryOut(feature: Feature): Promise<string | null> {
  const sandbox = await openSandbox();
  try {
    return await trials[feature](sandbox);
  } finally {
    await sandbox.close();
  }
}

async function tryNetem(sandbox: Sandbox): Promise<string | null> {
  // Where it is a module, the kernel loads it now.
  const { exitCode, stderr } = await sandbox.attempt(null, [
    'tc',
    'qdisc',
    'add',
    'dev',
    'lo',
    'root',
    'netem',
    'delay',
    '1ms',
  ]);
  if (exitCode === 0) return null;
  // In the kernel's words, and, before it had any (4.16), in those for ENOENT.
  if (/qdisc kind is unknown|No such file or directory/.test(stderr))
    return 'this kernel has no netem (CONFIG_NET_SCH_NETEM)';
  throw new LabError('lab-failed', `finding out whether the kernel has netem: ${stderr.trim()}`);
}

/** What runs at the two ends of a line: the concentrator starts a pppd and `pppoe` for each session. */
const programs = ['pppd', 'pppoe-server', 'pppoe'];

/** Opens a socket as pppd's plug-in does (AF_PPPOX, SOCK_STREAM, PX_PROTO_OE), which loads the modules, then PPP's own device. */
async function tryPpp(sandbox: Sandbox): Promise<string | null> {
  // The address is none, so where there is a socket, it can't be connected.
  const socket = await sandbox.attempt(null, ['socat', '-u', '/dev/null', 'SOCKET-CONNECT:24:0:x00,socktype=1']);
  if (socket.stderr.includes(' socket(24, 1, 0): ')) return 'this kernel has no PPP over Ethernet (CONFIG_PPPOE)';
  if (sandbox.rootless) return "pppd is root's alone";
  const installed = await Promise.all(programs.map(isInstalled));
  const missing = programs.filter((_, index) => !installed[index]);
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (sh lab/setup installs it)`;
  const device = await sandbox.attempt(null, ['sh', '-c', 'exec </dev/ppp']);
  if (device.exitCode !== 0) return `/dev/ppp can't be opened: ${device.stderr.trim().replace(/^.*: /, '')}`;
  return null;
}
