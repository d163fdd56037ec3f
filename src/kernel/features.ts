import type { Feature } from '../backend/feature.ts';
import { isInstalled } from './requirements.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** Tries what a feature takes, where labs will be; why it can't be had, or `null`. */
type Attempt = (sandbox: Sandbox) => Promise<string | null>;

const attempts: Readonly<Record<Feature, Attempt>> = { ppp: tryPpp };
const found = new Map<Feature, Promise<string | null>>();

/**
 * Why a feature can't be had on this machine, in a few words; `null` if it can. It is tried once.
 *
 * @throws LabError `cannot-run` where there can be no labs at all
 */
export function lacks(feature: Feature): Promise<string | null> {
  const known = found.get(feature) ?? attempt(attempts[feature]);
  found.set(feature, known);
  return known;
}

async function attempt(attemptIt: Attempt): Promise<string | null> {
  const sandbox = await openSandbox();
  try {
    return await attemptIt(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** What runs at the two ends of a line: the concentrator starts a pppd and `pppoe` for each session. */
const programs = ['pppd', 'pppoe-server', 'pppoe'];

/** Opens a socket as pppd's plug-in does (AF_PPPOX, SOCK_STREAM, PX_PROTO_OE), which loads the modules, then PPP's own device. */
async function tryPpp(sandbox: Sandbox): Promise<string | null> {
  const installed = await Promise.all(programs.map(isInstalled));
  const missing = programs.filter((_, index) => !installed[index]);
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (sh lab/setup installs it)`;
  // The address is none, so where there is a socket, it can't be connected.
  const socket = await sandbox.attempt(null, ['socat', '-u', '/dev/null', 'SOCKET-CONNECT:24:0:x00,socktype=1']);
  if (socket.stderr.includes(' socket(24, 1, 0): ')) return 'this kernel has no PPP over Ethernet (CONFIG_PPPOE)';
  const device = await sandbox.attempt(null, ['sh', '-c', 'exec </dev/ppp']);
  if (device.exitCode !== 0) return `/dev/ppp can't be opened: ${device.stderr.trim().replace(/^.*: /, '')}`;
  return null;
}
