import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { LabOptions } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { kernelBackend } from './lab.ts';
import { buildNetwork } from './network.ts';
import { openSandbox } from './sandbox.ts';

/** A server with one uplink, and a client at its other end. */
export const pair: Topology = {
  name: 'pair',
  title: 'A server and a client',
  hosts: [
    { name: 'server', forwarding: false, routes: [] },
    { name: 'client', forwarding: false, routes: [] },
  ],
  links: [
    {
      ends: [
        { host: 'server', interface: 'line', addresses: ['203.0.113.2/24'] },
        { host: 'client', interface: 'eth0', addresses: ['203.0.113.1/24'] },
      ],
    },
  ],
  server: {
    host: 'server',
    uplinks: [{ interface: 'line', address: '203.0.113.2', gateway: '203.0.113.1', network: '203.0.113.0/24' }],
  },
};

/** What a lab goes through. */
export const phases = ['sandbox', 'network', 'captures', 'candidate', 'requests'] as const;
export type Phase = (typeof phases)[number];

/** A tunnel device may be root's alone; an ordinary user's lab is held before it needs one. */
const tunnels = process.getuid?.() === 0 ? { server: ['tun0'], client: ['tun0'] } : {};

/**
 * A program for tests: carries a small lab as far as `phase`, says so, waits for a line on standard input, and goes on to
 * the end. A LabError goes to standard error and makes the exit status 1.
 *
 * @param directory an empty folder
 */
export async function holdLab(phase: Phase, directory: string): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const reached = async (here: Phase): Promise<void> => {
    if (here !== phase) return;
    const line = once(lines, 'line');
    process.stdout.write(`reached ${here}\n`);
    await line;
  };
  try {
    if (phase === 'sandbox' || phase === 'network') await bareSandbox(reached);
    else await wholeLab(reached, directory);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    process.stderr.write(`LabError ${error.code}: ${error.message}\n`);
    process.exitCode = 1;
  }
  lines.close();
}

async function bareSandbox(reached: (here: Phase) => Promise<void>): Promise<void> {
  const sandbox = await openSandbox();
  try {
    await reached('sandbox');
    await buildNetwork(sandbox, pair, { profile: 'kernel', seed: 1, tunnels });
    await reached('network');
    await sandbox.run('pinging', 'client', ['ping', '-c', '1', '203.0.113.2']);
  } finally {
    await sandbox.close();
  }
}

async function wholeLab(reached: (here: Phase) => Promise<void>, directory: string): Promise<void> {
  const options: LabOptions = { profile: 'kernel', seed: 1, tunnels, directory, label: 'held' };
  const lab = await kernelBackend.open(pair, options);
  try {
    await lab.unanswered([{ host: 'client', destination: '203.0.113.2' }]);
    await reached('captures');
    const script = `${directory}/up.sh`;
    const source = 'ip route add default via "$GW1"\n';
    await writeFile(script, source);
    await lab.apply({ name: 'held', title: '', lesson: '', script, sources: {} });
    const openvpn = { protocol: 'udp', port: 1194, tunnel: 'tun0' } as const;
    await lab.serve('server', { kind: 'udp-echo', name: 'echo', port: 7, binding: { kind: 'wildcard' } });
    const binding = { kind: 'wildcard' } as const;
    await lab.serve('server', { ...openvpn, kind: 'openvpn', name: 'openvpn', network: '10.8.0.0/24', binding });
    await reached('candidate');
    const call = { server: '203.0.113.2', sourcePort: 40000 };
    // Nothing answers at this port, so it takes a while.
    const echoes = lab.request('client', { ...call, kind: 'udp-echo', port: 9, count: 10 });
    const tunnel = lab.request('client', {
      ...{ ...openvpn, ...call, sourcePort: 40001, kind: 'openvpn' },
      ...{ through: '10.8.0.1', float: false },
    });
    await reached('requests');
    await Promise.all([echoes, tunnel]);
    await lab.evidence();
  } finally {
    await lab.close();
  }
}
