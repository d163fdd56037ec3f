import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import colours from 'picocolors';
import { formatIPv4, parseIPv4 } from '../net/address.ts';
import { LabError } from '../net/error.ts';
import { traceJson, traceText } from '../report/trace.ts';
import { senders, type Call, type Sender } from '../scenario/call.ts';
import { assertKnown, loadTopology } from '../scenario/catalogue.ts';
import { sameTrace, traceCall, type Trace, type TraceOptions } from '../scenario/trace.ts';
import { profileNamed } from '../topology/profile.ts';
import { endsOf, type Topology } from '../topology/topology.ts';
import { backendsFor, defaultSeed } from './execute.ts';
import { wholeNumber } from './number.ts';
import { findCandidate, ownPaths } from './own-file.ts';

interface TraceFlags {
  readonly topology: string;
  readonly from: string;
  readonly to: string;
  readonly proto: string;
  readonly port?: number;
  readonly sourcePort: number;
  readonly server?: string;
  readonly bind?: string;
  readonly on?: string;
  readonly era?: string;
  readonly seed: number;
  readonly profile: string;
  readonly format: string;
}

const port = (option: string): ((text: string) => number) => wholeNumber(option, 1, 0xffff);

export function addTraceCommand(program: Command): void {
  program
    .command('trace')
    .description('follow one request and its answer under a candidate, and say what decided their way')
    .argument('<candidate>', `a candidate (see: list), or ${ownPaths}`)
    .requiredOption('--topology <name>', 'the network')
    .requiredOption('--from <host>', 'the host that calls')
    .requiredOption('--to <host@interface>', 'the host that is called, and its interface by whose address')
    .requiredOption('--proto <protocol>', 'udp, tcp or icmp')
    .option(
      '--port <n>',
      'the port that is called, which may be forwarded to a host behind (default: 5000)',
      port('--port'),
    )
    .option('--source-port <n>', "the client's port, or ICMP's identifier", port('--source-port'), 40000)
    .option('--server <kind>', `how a UDP server answers: ${Object.keys(senders).join(', ')} (default: unbound)`)
    .option('--bind <address>', 'the address that a UDP server is bound to; it implies --server bound')
    .option('--on <backend>', 'kernel, model, or both, compared (default: the kernel where it can be had)')
    .option('--era <release>', 'the kernel that the model stands for, such as 3.16 (default: the one that runs)')
    .option('--seed <n>', 'seed of the multipath hash', wholeNumber('--seed', 1, 2 ** 32 - 1), defaultSeed)
    .option('--profile <name>', "the server's sysctls: kernel or systemd defaults", 'kernel')
    .option('--format <format>', 'pretty or json', 'pretty')
    .addHelpText('after', `\n--server, for UDP:\n${senderHelp()}`)
    .action(trace);
}

function senderHelp(): string {
  return Object.entries(senders)
    .map(([name, meaning]) => `  ${name.padEnd(18)} ${meaning}\n`)
    .join('');
}

async function trace(name: string, flags: TraceFlags): Promise<void> {
  assertKnown('format', flags.format, ['pretty', 'json']);
  profileNamed(flags.profile);
  const topology = await loadTopology(flags.topology);
  const call = readCall(topology, flags);
  const candidate = await findCandidate(name);
  const directory = await mkdtemp(join(tmpdir(), 'multihome-trace-'));
  try {
    const { profile, seed } = flags;
    const found = await traceOnBackends(flags, { topology, candidate, call, profile, seed, directory });
    const shortened = (file: string): string => relative(process.cwd(), file);
    const color = colours.isColorSupported && isatty(1);
    process.stdout.write(flags.format === 'json' ? traceJson(found) : traceText(found, { color, shortened }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function traceOnBackends(flags: TraceFlags, options: TraceOptions): Promise<Trace> {
  const tunnels = options.call.sender === 'pktinfo-interface';
  const { programs = [] } = options.candidate;
  const { backends, reason } = await backendsFor({ ...flags, tunnels, programs });
  process.stderr.write(`${reason}\n`);
  const [first, second] = backends;
  const once = await traceCall(first, options);
  return second ? sameTrace(once, await traceCall(second, options)) : once;
}

/** @throws LabError `invalid` for what the topology hasn't got, or what the protocol has no use for */
function readCall(topology: Topology, flags: TraceFlags): Call {
  const { from, sourcePort } = flags;
  const hosts = topology.hosts.map((host) => host.name);
  assertKnown(`host in ${topology.name}`, from, hosts);
  const [host = '', name] = flags.to.split('@');
  if (name === undefined) throw new LabError('invalid', `--to: expected HOST@INTERFACE, got '${flags.to}'`);
  assertKnown(`host in ${topology.name}`, host, hosts);
  if (host === from) throw new LabError('invalid', `--to: ${host} is the host that calls`, 'name another host');
  const interfaces = endsOf(topology, host).map((end) => end.interface);
  assertKnown(`interface of ${host}`, name, interfaces);
  const protocol = oneOf('protocol', flags.proto, ['udp', 'tcp', 'icmp'] as const);
  if (protocol === 'icmp' && flags.port !== undefined) throw new LabError('invalid', '--port: ICMP has no ports');
  const called = protocol === 'icmp' ? 0 : (flags.port ?? 5000);
  return { from, to: { host, interface: name }, protocol, port: called, sourcePort, ...readSender(protocol, flags) };
}

function readSender(protocol: string, { server, bind }: TraceFlags): Pick<Call, 'sender' | 'bind'> {
  if (protocol !== 'udp' && (server ?? bind) !== undefined) {
    const option = server === undefined ? '--bind' : '--server';
    throw new LabError('invalid', `${option} is for UDP: with TCP and ICMP the address that was called answers`);
  }
  const sender = oneOf('way to answer (--server)', server ?? (bind === undefined ? 'unbound' : 'bound'), senderNames);
  if (bind === undefined) return { sender, bind: null };
  if (sender !== 'bound') throw new LabError('invalid', `--bind: a server that is ${sender} is bound to no address`);
  return { sender, bind: formatIPv4(parseIPv4(bind)) };
}

const senderNames = Object.keys(senders) as readonly Sender[];

function oneOf<Name extends string>(kind: string, name: string, known: readonly Name[]): Name {
  assertKnown(kind, name, known);
  return name as Name;
}
