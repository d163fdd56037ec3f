import { X509Certificate } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Dialling } from '../backend/lab.ts';
import type { Answer, Bytes, Dial, OpenVpnServer, Request } from '../backend/service.ts';
import { LabError } from '../net/error.ts';
import { clientConfig, clientEntry, dialConfig, serverConfig, type Identity } from './openvpn-config.ts';
import { scratch, type Job, type Sandbox } from './sandbox.ts';

export async function makeIdentity(sandbox: Sandbox, commonName: string): Promise<Identity> {
  const command = ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-nodes', '-days', '2', '-subj', `/CN=${commonName}`, '-keyout', '-', '-out', '-'];
  const pem = await sandbox.run('making keys for OpenVPN', null, [...command, ...subject]);
  return { pem, fingerprint: new X509Certificate(pem).fingerprint256 };
}

/** A running OpenVPN process with its management channel. */
interface Managed {
  readonly job: Job;
  /** Resolves when the management channel reports this state, or rejects when the process ends first. */
  readonly reaches: (state: string, patience: number) => Promise<void>;
  /** Resolves when a condition on the states reported so far holds, or rejects as `reaches` does. */
  readonly until: (what: string, condition: (states: readonly string[]) => boolean, patience: number) => Promise<void>;
  readonly states: readonly string[];
  /** What the management channel last reported of the link's bytes; `null` if it never did, which is no evidence of none. */
  readonly bytes: () => Bytes | null;
}

/** Starts a server and waits until it listens. */
export async function serveOpenVpn(
  sandbox: Sandbox,
  host: string,
  service: OpenVpnServer,
  own: Identity,
  peer: Identity,
): Promise<Job> {
  const { name, network, clientAddress } = service;
  const clients = clientAddress === undefined ? null : `${scratch}/${host}-${name}.clients`;
  if (clientAddress !== undefined && clients !== null) {
    await mkdir(sandbox.path(clients));
    await writeFile(sandbox.path(`${clients}/DEFAULT`), clientEntry(clientAddress, network));
  }
  const { job, reaches } = await launch(sandbox, host, name, serverConfig(service, own, peer, clients));
  await reaches('CONNECTED', 10);
  return job;
}

/** Seconds that a client may take to connect. */
const patience = 5;

/**
 * Pings sent through a tunnel, and how many must come back before we believe in it. A new tunnel device drops packets
 * until the kernel's link watch has seen it, and ping itself doesn't wait long for the last answers.
 */
const pings = { sent: 30, enough: 22 };

/** Runs a client until its tunnel carries a ping, or it has given up. */
export async function connectOpenVpn(
  sandbox: Sandbox,
  host: string,
  request: Extract<Request, { kind: 'openvpn' }>,
  own: Identity,
  peer: Identity,
): Promise<Answer> {
  const name = `openvpn-client-${request.tunnel}`;
  const { job, reaches, bytes } = await launch(sandbox, host, name, clientConfig(request, own, peer));
  const up = await reaches('CONNECTED', patience).then(
    () => true,
    () => false,
  );
  const accepted = up && (await carriesPings(sandbox, host, request));
  return { accepted, said: (await job.said()).split('\n'), bytes: bytes() };
}

/** Starts a client that keeps on trying until it is stopped. */
export async function dialOpenVpn(
  sandbox: Sandbox,
  host: string,
  dial: Dial,
  own: Identity,
  peer: Identity,
): Promise<Dialling & { readonly said: () => Promise<string> }> {
  const name = `openvpn-client-${dial.tunnel}`;
  const { job, states, until, bytes } = await launch(sandbox, host, name, dialConfig(dial, own, peer));
  const count = (state: string): number => states.filter((each) => each === state).length;
  const rounds = () => ({ connected: count('CONNECTED'), restarted: count('RECONNECTING') });
  return {
    said: job.said,
    until: async (condition, patience) => {
      await until('what was waited for', () => condition(rounds()), patience);
      return rounds();
    },
    stop: async () => {
      const { connected, restarted } = rounds();
      await job.stop();
      const said = (await job.said()).split('\n');
      return { accepted: connected === 1 && restarted === 0, said, bytes: bytes() };
    },
  };
}

async function carriesPings(
  sandbox: Sandbox,
  host: string,
  { tunnel, through }: Extract<Request, { kind: 'openvpn' }>,
): Promise<boolean> {
  const ping = ['ping', '-q', '-I', tunnel, '-c', String(pings.sent), '-W', '1', '-i', '0.02', through];
  const { stdout } = await sandbox.attempt(host, ping);
  return Number(/ (\d+) received/.exec(stdout)?.[1]) >= pings.enough;
}

/**
 * Starts OpenVPN with its configuration on standard input (no key reaches a disk), held until its management channel
 * has reported in and been told what we want to hear.
 */
async function launch(sandbox: Sandbox, host: string, name: string, config: readonly string[]): Promise<Managed> {
  const socketPath = `${scratch}/${host}-${name}.sock`;
  const states: string[] = [];
  const watchers = new Set<() => void>();
  let bytes: Bytes | null = null;
  const server = createServer((channel) => {
    manage(channel, {
      state: (state) => {
        states.push(state);
        for (const watcher of watchers) watcher();
      },
      bytes: (counted) => (bytes = counted),
    });
  });
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: Error): void => reject(new LabError('lab-failed', `${name}: ${error.message}`));
    server.once('error', refuse).listen(sandbox.path(socketPath), resolve);
  });
  const management = [`management ${socketPath} unix`, 'management-client', 'management-hold'];
  const job = sandbox.launch(host, ['openvpn', '--config', 'stdin'], { input: [...management, ...config].join('\n') });
  let running = true;
  void job.ended.then(() => {
    running = false;
    server.close();
    for (const watcher of watchers) watcher();
  });
  const until: Managed['until'] = (what, condition, patience) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        settle();
        void notReached(name, what, job).then(reject);
      }, patience * 1000);
      const settle = (): void => {
        clearTimeout(timer);
        watchers.delete(look);
      };
      const look = (): void => {
        if (condition(states)) {
          settle();
          resolve();
        } else if (!running) {
          settle();
          void notReached(name, what, job).then(reject);
        }
      };
      watchers.add(look);
      look();
    });
  return {
    job,
    states,
    bytes: () => bytes,
    until,
    reaches: (state, patience) => until(state, (reached) => reached.includes(state), patience),
  };
}

/** Speaks the management protocol: asks for state changes and byte counts each second, and releases the hold. */
function manage(
  channel: Socket,
  on: { readonly state: (state: string) => void; readonly bytes: (bytes: Bytes) => void },
): void {
  // An error is that the process ended, and its own log says why. readline has each of the channel's errors as its own too.
  channel.on('error', () => undefined);
  const lines = createInterface({ input: channel }).on('error', () => undefined);
  lines.on('line', (line) => {
    if (line.startsWith('>HOLD:')) channel.write('state on\nbytecount 1\nhold release\n');
    const [, received, sent] = /^>BYTECOUNT:(\d+),(\d+)/.exec(line) ?? [];
    if (received !== undefined) on.bytes({ received: Number(received), sent: Number(sent) });
    const state = /^>STATE:\d+,([A-Z_]+),([A-Z]*)/.exec(line);
    if (state?.[1] === 'CONNECTED' && state[2] !== 'SUCCESS') return; // It is up with errors.
    if (state?.[1]) on.state(state[1]);
  });
}

async function notReached(name: string, state: string, job: Job): Promise<LabError> {
  const lines = (await job.said()).trim().split('\n');
  return new LabError('lab-failed', `${name} did not become ${state}: ${lines.slice(-3).join(' | ')}`);
}
