import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Backend, Lab, LabOptions, Ping } from '../backend/lab.ts';
import type { Answer, Request, Service } from '../backend/service.ts';
import { LabError } from '../net/error.ts';
import { endsOf, type Topology } from '../topology/topology.ts';
import { validateTopology } from '../topology/validate.ts';
import { applyCandidate } from './apply.ts';
import { markerScript, startCapture, type Capture, type CapturedInterface, type MarkedInterface } from './capture.ts';
import { serveDns, resolveName } from './dns.ts';
import { natRules } from './nat.ts';
import { buildNetwork, macOf } from './network.ts';
import type { Identity } from './openvpn-config.ts';
import { connectOpenVpn, dialOpenVpn, makeIdentity, serveOpenVpn } from './openvpn.ts';
import { profileNamed } from './profile.ts';
import { assertReady } from './requirements.ts';
import { openSandbox, type Job, type Sandbox } from './sandbox.ts';
import { readBanner, serveSsh } from './ssh.ts';
import { scatter, sweep } from './sweep.ts';
import { ping } from './ping.ts';
import { requestTcpEcho, serveTcpEcho } from './tcp-echo.ts';
import { readStream, serveStream } from './stream.ts';
import { watchTunnels } from './tunnels.ts';
import { requestEchoes, serveUdpEcho } from './udp-echo.ts';

/** Labs on the kernel that runs this machine. */
export const kernelBackend: Backend = {
  name: 'kernel',
  release: release(),
  assertReady,
  open: openKernelLab,
};

async function openKernelLab(topology: Topology, options: LabOptions): Promise<Lab> {
  const { seed, tunnels } = options;
  const profile = profileNamed(options.profile);
  const sandbox = await openSandbox();
  try {
    await buildNetwork(sandbox, topology, { profile, seed, tunnels });
    const captures = await startCaptures(sandbox, topology, options);
    return kernelLab(sandbox, topology, options, captures);
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

/** What a part of the lab has said; to be asked for while the sandbox is open. */
interface Log {
  readonly name: string;
  readonly text: () => Promise<string> | string;
}

async function writeLogs({ directory, label }: LabOptions, logs: readonly Log[]): Promise<void> {
  const folder = join(directory, 'logs');
  await mkdir(folder, { recursive: true });
  await Promise.all(
    logs.map(async ({ name, text }) => {
      await writeFile(join(folder, `${label}--${name}.log`), `${(await text()).trimEnd()}\n`);
    }),
  );
}

async function startCaptures(sandbox: Sandbox, topology: Topology, options: LabOptions): Promise<readonly Capture[]> {
  await mkdir(join(options.directory, 'captures'), { recursive: true });
  return Promise.all(
    topology.hosts.map(({ name }) => {
      const interfaces = [
        ...endsOf(topology, name).map((end) => ({ name: end.interface, mac: macOf(topology, end) })),
        ...(options.tunnels[name] ?? []).map((tunnel) => ({ name: tunnel, mac: null })),
      ];
      return startCapture(sandbox, name, interfaces, captureFile(options, name));
    }),
  );
}

function captureFile({ directory, label }: LabOptions, name: string): string {
  return join(directory, 'captures', `${label}--${name}.pcapng`);
}

/** The interfaces with a hardware address that a candidate has made on the server, and that are up. */
async function interfacesMade(
  sandbox: Sandbox,
  topology: Topology,
  options: LabOptions,
): Promise<readonly (CapturedInterface & { readonly mac: string })[]> {
  const { host } = topology.server;
  const known = [...endsOf(topology, host).map((end) => end.interface), ...(options.tunnels[host] ?? [])];
  const json = await sandbox.run('listing interfaces', host, ['ip', '-j', 'link']);
  const links = JSON.parse(json) as { ifname: string; address: string; link_type: string; flags: string[] }[];
  return links
    .filter(({ ifname, link_type, flags }) => !known.includes(ifname) && link_type === 'ether' && flags.includes('UP'))
    .map(({ ifname, address }) => ({ name: ifname, mac: address }));
}

function kernelLab(sandbox: Sandbox, topology: Topology, options: LabOptions, hosts: readonly Capture[]): Lab {
  const captures = [...hosts];
  const tunnels = new Map(
    Object.entries(options.tunnels).map(([host, names]) => [host, watchTunnels(sandbox, host, names)]),
  );
  // One end of each link is enough: its other end sees the marker, too.
  const marked: MarkedInterface[] = topology.links.map(({ ends: [end] }) => ({ ...end, mac: macOf(topology, end) }));
  const logs: Log[] = [];
  const keep = (name: string, text: Log['text']): void => void logs.push({ name, text });
  let identities: Promise<readonly [Identity, Identity]> | undefined;
  const keys = (): Promise<readonly [Identity, Identity]> =>
    (identities ??= Promise.all([makeIdentity(sandbox, 'server'), makeIdentity(sandbox, 'client')]));

  const serve = async (host: string, service: Service): Promise<Job> => {
    switch (service.kind) {
      case 'openvpn': {
        const [server, client] = await keys();
        return serveOpenVpn(sandbox, host, service, server, client);
      }
      case 'dns':
        return serveDns(sandbox, host, service);
      case 'ssh':
        return serveSsh(sandbox, host, service);
      case 'udp-echo':
        return serveUdpEcho(sandbox, host, service);
      case 'tcp-echo':
        return serveTcpEcho(sandbox, host, service);
      case 'stream':
        return serveStream(sandbox, host, service);
    }
  };
  const request = async (host: string, asked: Request): Promise<Answer> => {
    switch (asked.kind) {
      case 'openvpn': {
        const [server, client] = await keys();
        return connectOpenVpn(sandbox, host, asked, client, server);
      }
      case 'dns':
        return resolveName(sandbox, host, asked);
      case 'ssh':
        return readBanner(sandbox, host, asked);
      case 'udp-echo':
        return requestEchoes(sandbox, host, asked);
      case 'tcp-echo':
        return requestTcpEcho(sandbox, host, asked);
      case 'ping':
        return ping(sandbox, host, asked);
      case 'stream':
        return readStream(sandbox, host, asked);
    }
  };

  return {
    topology,
    seeded: existsSync('/proc/sys/net/ipv4/fib_multipath_hash_seed'),
    unanswered: (pings) => unanswered(sandbox, pings),
    apply: async (candidate) => {
      const { stdout, stderr } = await applyCandidate(sandbox, topology, candidate, options.seed);
      keep(`${topology.server.host}-up.sh`, () => stdout + stderr);
      const made = await interfacesMade(sandbox, topology, options);
      if (made.length > 0) {
        const file = captureFile(options, `${topology.server.host}-candidate`);
        captures.push(await startCapture(sandbox, topology.server.host, made, file));
        marked.push(...made.map(({ name, mac }) => ({ host: topology.server.host, interface: name, mac })));
      }
    },
    route: async (host, destination, source, arrival) => {
      const from = source === undefined ? [] : ['from', source];
      const input = arrival === undefined ? [] : ['iif', arrival];
      const command = ['ip', '-j', 'route', 'get', destination, ...from, ...input];
      const routes = JSON.parse(await sandbox.run('asking for a route', host, command)) as { dev?: string }[];
      const device = routes[0]?.dev;
      if (device === undefined) throw new LabError('lab-failed', `${host} has no route to ${destination}`);
      return device;
    },
    sysctl: async (host, name) => {
      const file = `/proc/sys/${name.replaceAll('.', '/')}`;
      return (await sandbox.run(`reading ${name}`, host, ['cat', file])).trim();
    },
    sweep: (host, destinations) => sweep(sandbox, host, destinations),
    scatter: (host, sent) => scatter(sandbox, host, sent),
    serve: async (host, service) => {
      const job = await serve(host, service);
      keep(`${host}-${service.name}`, job.said);
      return { said: async () => (await job.said()).split('\n'), stop: () => job.stop() };
    },
    request: async (host, asked) => {
      const answer = await request(host, asked);
      keep(`${host}-${asked.kind}-${asked.sourcePort}`, () => answer.said.join('\n'));
      return answer;
    },
    dial: async (host, asked) => {
      const [server, client] = await keys();
      const dialling = await dialOpenVpn(sandbox, host, asked, client, server);
      keep(`${host}-${asked.kind}-${asked.tunnel}`, dialling.said);
      return dialling;
    },
    change: async (host, nat) => {
      const changed = {
        ...topology,
        hosts: topology.hosts.map((each) => (each.name === host ? { ...each, nat } : each)),
      };
      validateTopology(changed);
      await sandbox.run(`changing the NAT of ${host}`, host, ['nft', '-f', '-'], { input: natRules(nat) });
    },
    evidence: async () => {
      const until = Date.now() / 1000;
      await sandbox.run('ending the recording', null, ['sh', '-eu'], { input: markerScript(marked) });
      await Promise.all(
        captures.map(async (capture) => {
          await capture.complete((await tunnels.get(capture.host)?.states()) ?? new Map(), 10);
        }),
      );
      const crossings = await Promise.all(captures.map((capture) => capture.stop()));
      // The control's pings crossed every host.
      const empty = hosts.find((_, index) => crossings[index]?.length === 0);
      if (empty) throw new LabError('lab-failed', `${empty.name} recorded no packet at all`);
      return { crossings: crossings.flat().sort((one, other) => one.time - other.time), until };
    },
    close: async () => {
      try {
        await writeLogs(options, logs);
      } finally {
        await sandbox.close();
      }
    },
  };
}

/** Pings until the answer comes, or five seconds have passed; all of them at once, from one script. */
async function unanswered(sandbox: Sandbox, pings: readonly Ping[]): Promise<readonly Ping[]> {
  const script = pings.map(({ host, destination }, index) => {
    const ping = `nsenter --net=/run/netns/${host} ping -q -c 1 -i 0.05 -w 5 ${destination}`;
    return `{ ${ping} >/dev/null || echo ${index}; } &`;
  });
  const input = [...script, 'wait'].join('\n');
  const failed = await sandbox.run('pinging', null, ['sh', '-eu'], { input });
  return failed.split('\n').flatMap((index) => (index ? (pings[Number(index)] ?? []) : []));
}
