import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Backend, Lab, LabOptions, Ping } from '../backend/lab.ts';
import type { Answer, Request, Service } from '../backend/service.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import { natRules } from '../topology/nat-ruleset.ts';
import { linkOf, type Topology } from '../topology/topology.ts';
import { validateTopology } from '../topology/validate.ts';
import { applyCandidate } from './apply.ts';
import { startCapture, type Capture } from './capture.ts';
import { countFiltered } from './counters.ts';
import { listDevices } from './devices.ts';
import { serveDns, resolveName } from './dns.ts';
import { describeDrops, recordDrops, type DropRecording } from './drops.ts';
import { startExplaining, type Explaining } from './explain/explain.ts';
import { recordLookUps, type LookUpRecording } from './explain/recording.ts';
import { inflict, topologyAfter } from './faults.ts';
import { lacks } from './features.ts';
import { interleave } from './interleave.ts';
import { endOfRecording } from './marker.ts';
import { buildNetwork, loseNothing } from './network.ts';
import type { Identity } from './openvpn-config.ts';
import { connectOpenVpn, dialOpenVpn, makeIdentity, serveOpenVpn } from './openvpn.ts';
import { profileNamed } from '../topology/profile.ts';
import { runLineScript } from './pppd.ts';
import { dialLines, type DialledLines } from './pppoe.ts';
import { startProbing } from './probe.ts';
import { assertReady } from './requirements.ts';
import { openSandbox, type Job, type Sandbox } from './sandbox.ts';
import { readBanner, serveSsh } from './ssh.ts';
import { scatter, sweep } from './sweep.ts';
import { ping } from './ping.ts';
import { requestTcpEcho, serveTcpEcho } from './tcp-echo.ts';
import { readStream, serveStream } from './stream.ts';
import { requestEchoes, serveUdpEcho } from './udp-echo.ts';
import { muster } from './volley.ts';

/** Labs on the kernel that runs this machine. */
export const kernelBackend: Backend = {
  name: 'kernel',
  release: release(),
  assertReady,
  lacks,
  open: openKernelLab,
};

async function openKernelLab(topology: Topology, options: LabOptions): Promise<Lab> {
  const { seed, tunnels } = options;
  const profile = profileNamed(options.profile);
  const sandbox = await openSandbox();
  const recording = recordDrops(sandbox, topology);
  recording.catch(() => undefined); // Whoever needs it first is told.
  try {
    await buildNetwork(sandbox, topology, { profile, seed, tunnels });
    const lines = await dialLines(sandbox, topology);
    const captures = await startCaptures(sandbox, topology, options);
    return kernelLab(sandbox, topology, options, lines, captures, recording);
  } catch (error) {
    await recording.then(({ release }) => release()).catch(() => undefined);
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

async function startCaptures(
  sandbox: Sandbox,
  topology: Topology,
  { directory, label }: LabOptions,
): Promise<readonly Capture[]> {
  const folder = join(directory, 'captures');
  await mkdir(folder, { recursive: true });
  const hosts = topology.hosts.map(({ name }) => name);
  const devices = await listDevices(sandbox, hosts);
  return Promise.all(
    hosts.map((host) => startCapture(sandbox, host, devices.get(host) ?? [], join(folder, `${label}--${host}.pcapng`))),
  );
}

function kernelLab(
  sandbox: Sandbox,
  topology: Topology,
  options: LabOptions,
  lines: DialledLines,
  captures: readonly Capture[],
  recording: Promise<DropRecording>,
): Lab {
  /** As faults have made it. */
  let current = topology;
  let deployed: Candidate | null = null;
  let explaining: Explaining | null = null;
  let lookUps: LookUpRecording | null = null;
  let lineScripts = 0;
  /** Tells the recordings which devices their hosts have now. */
  const learn = async (hosts: readonly string[]) => {
    const devices = await listDevices(sandbox, hosts);
    for (const capture of captures) capture.learn(devices.get(capture.host) ?? []);
    return devices;
  };
  const logs: Log[] = [...lines.logs];
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
    now,
    unanswered: (pings) => unanswered(sandbox, pings),
    apply: async (candidate) => {
      const { stdout, stderr } = await applyCandidate(sandbox, topology, candidate, options.seed);
      keep(`${topology.server.host}-up.sh`, () => stdout + stderr);
      await lines.deploy(candidate);
      await learn([topology.server.host]);
      await recording; // It starts up beside all this; from here on it matters what is dropped.
      deployed = candidate;
      if (options.explain) explaining = await startExplaining(sandbox, topology, now);
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
    probe: (host, probes) => startProbing(sandbox, host, probes),
    inflict: async (fault) => {
      const after = (current = topologyAfter(current, fault));
      const dialled = await lines.inflict(after, fault);
      if (!dialled) await inflict(sandbox, after, fault);
      if (fault.kind === 'return') await learn(linkOf(after, fault.host, fault.interface).ends.map(({ host }) => host));
      const ran = deployed && !dialled && (await runLineScript(sandbox, after, deployed, fault));
      if (ran) keep(`${fault.host}-${fault.kind}-${++lineScripts}`, () => ran.stdout + ran.stderr);
    },
    interleave: async (interleavings) => {
      if (!deployed) throw new Error('no candidate has been deployed');
      const interleaved = await interleave(sandbox, current, deployed, interleavings);
      await learn(topology.hosts.map(({ name }) => name));
      return interleaved;
    },
    run: async (host, script) => {
      const { exitCode, stderr } = await sandbox.attempt(host, ['sh', '-eu'], { input: script });
      return { status: exitCode ?? -1, stderr };
    },
    muster: async (responders) => {
      await recording; // What is sent from here on may be dropped, too.
      if (options.lookUps) lookUps = await recordLookUps(sandbox, topology);
      return muster(sandbox, topology, responders);
    },
    evidence: async () => {
      const until = now();
      const filtered = await countFiltered(sandbox, topology.server.host);
      const devices = await learn(topology.hosts.map(({ name }) => name));
      const { script, expected } = endOfRecording(topology, ({ host, interface: name }) =>
        Boolean(devices.get(host)?.some((device) => device.name === name && device.carries)),
      );
      // A line might lose them. What it has lost by now, it has.
      await sandbox.run('ending the recording', null, ['sh', '-eu'], { input: loseNothing(topology) + script });
      await Promise.all(captures.map((capture) => capture.complete(expected.get(capture.host) ?? [], 10)));
      const dropped = await (await recording).evidence();
      keep('drops', () => describeDrops(dropped));
      const crossings = await Promise.all(captures.map((capture) => capture.stop()));
      // The control's pings crossed every host.
      const empty = captures.find((_, index) => crossings[index]?.length === 0);
      if (empty) throw new LabError('lab-failed', `${empty.name} recorded no packet at all`);
      const inOrder = crossings.flat().sort((one, other) => one.time - other.time);
      const decisions = await explaining?.decisions(inOrder);
      const looked = options.lookUps ? ((await lookUps?.evidence()) ?? { lookUps: null }) : {};
      return { crossings: inOrder, until, filtered, ...dropped, ...(decisions && { decisions }), ...looked };
    },
    close: async () => {
      try {
        await writeLogs(options, logs);
      } finally {
        await sandbox.close();
        await explaining?.release();
        await lookUps?.release();
        await (await recording).release();
      }
    },
  };
}

const now = (): number => Date.now() / 1000;

/** How often a ping is sent, and seconds that its answer may take. */
const [tries, patience] = [20, 0.25];

/**
 * Pings until the answer comes, all of them at once, from one script. Each try is a program of its own: to one that goes on,
 * an error of its own machine's (no neighbour yet, no route yet) would be an answer.
 */
async function unanswered(sandbox: Sandbox, pings: readonly Ping[]): Promise<readonly Ping[]> {
  const answered = `answered() {
    for try in $(seq ${tries}); do
      if nsenter --net=/run/netns/$1 ping -q -c 1 -W ${patience} "$2" >/dev/null 2>&1; then return 0; fi
      sleep 0.05
    done
    return 1
  }`;
  const script = pings.map(({ host, destination }, index) => `{ answered ${host} ${destination} || echo ${index}; } &`);
  const failed = await sandbox.run('pinging', null, ['sh', '-eu'], { input: [answered, ...script, 'wait'].join('\n') });
  return failed.split('\n').flatMap((index) => (index ? (pings[Number(index)] ?? []) : []));
}
