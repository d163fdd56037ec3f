import type { Fault } from '../backend/fault.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { readDump } from '../candidate/dump/read.ts';
import { createSystem, type System } from '../candidate/programs/system.ts';
import { evaluation, type Outcome } from '../candidate/shell/evaluate.ts';
import type { Machine } from '../candidate/shell/machine.ts';
import { createProcesses, type Process, type Timer } from '../candidate/shell/process.ts';
import { LabError } from '../net/error.ts';
import { scriptEnvironment } from '../topology/environment.ts';
import { linkOf, type Topology } from '../topology/topology.ts';
import { applyDump } from './apply-dump.ts';
import type { Host } from './host.ts';
import { createMachine } from './machine/machine.ts';
import type { Network } from './network.ts';

/** Where a lab's scripts run: they share files and locks, and take turns on the network's clock. */
export interface Ground {
  readonly network: Network;
  readonly system: System;
}

/** Folders in which scripts can make files, as they can in a lab on the kernel. */
const folders = ['/run', '/tmp'];

export function createGround(network: Network): Ground {
  return {
    network,
    system: createSystem(createProcesses(scriptTimer(network, network.clock)), (path) => folders.includes(path)),
  };
}

/** Time for scripts. After each of their steps, all devices hear whether their other ends are up. */
function scriptTimer(network: Network, clock: Timer): Timer {
  return {
    get now() {
      return clock.now;
    },
    after: (seconds, action) => {
      clock.after(seconds, () => {
        try {
          action();
        } catch (error) {
          throw notCarriedOut(error);
        } finally {
          network.settle();
        }
      });
    },
  };
}

/** What the model can't read is what became of this trial; others may go on. */
function notCarriedOut(error: unknown): unknown {
  if (!(error instanceof LabError) || error.code !== 'invalid') return error;
  return new LabError('lab-failed', `the model can't carry this out: ${error.message}`, error.hint);
}

/** What a script is told. */
interface Told {
  readonly environment?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  /** As by `sh -eu`. */
  readonly strict?: boolean;
}

/**
 * Brings the server to the state of a candidate's dump, or runs its script there if it has none.
 *
 * @param done hears of its end: `null`, or a LabError: `lab-failed` with the script's own words if it fails, `invalid` for a dump
 *   that can't be read
 */
export function applyCandidate(
  ground: Ground,
  host: Host,
  topology: Topology,
  candidate: Candidate,
  done: (failure: LabError | null) => void,
): void {
  if (candidate.multipath === 'per-packet') host.era = { ...host.era, multipathChoice: 'rotation', routeCache: false };
  const machine = machineFor(ground, host, candidate);
  if (candidate.dump) {
    const steps = readDump(candidate.dump, topology);
    machine.processes.start(
      (function* () {
        try {
          yield* applyDump(machine, steps);
          done(null);
        } catch (error) {
          if (!(error instanceof LabError)) throw error;
          done(error);
        }
        return 0;
      })(),
    );
    return;
  }
  const told = { environment: scriptEnvironment(topology), strict: true };
  startScript(machine, candidate, candidate.script, told, (outcome) => {
    done(outcome.status === 0 ? null : failureOf(candidate.script, outcome));
  });
}

/**
 * Does what pppd does when one of the server's lines has gone or come: runs the candidate's script for it, and doesn't care
 * how that ends.
 *
 * @param topology with the addresses that the line has, or had
 * @param done hears of its end; of no script's, too, where there is none for what happened
 */
export function runLineScript(
  ground: Ground,
  topology: Topology,
  candidate: Candidate,
  fault: Fault,
  done: () => void,
): void {
  const host = ground.network.hosts.get(topology.server.host);
  const { lineScripts } = candidate;
  if ((fault.kind !== 'vanish' && fault.kind !== 'return') || !lineScripts || host?.name !== fault.host) {
    done();
    return;
  }
  const script = fault.kind === 'vanish' ? lineScripts.down : lineScripts.up;
  const words = lineWords(topology, fault.interface);
  startScript(machineFor(ground, host, candidate), candidate, script, { words }, done);
}

/** What pppd tells `ip-up` and `ip-down`: interface, tty, speed, own address, peer's address. */
export function lineWords(topology: Topology, line: string): readonly string[] {
  const { host } = topology.server;
  const [address = ''] = linkOf(topology, host, line)
    .ends.filter((end) => end.host === host)
    .flatMap(({ addresses }) => addresses);
  const [own = '', peer = ''] = address.split(' peer ');
  return [line, '/dev/null', '0', own, peer];
}

/**
 * Does what OpenVPN does as a tunnel has come up: runs its `--up` script, with what it tells it, and waits for it.
 *
 * @throws LabError `lab-failed` if it fails, or takes time
 */
export function runTunnelScript(
  { network, system }: Ground,
  host: Host,
  candidate: Candidate,
  script: string,
  environment: Readonly<Record<string, string>>,
): void {
  const due: (() => void)[] = [];
  const atOnce = {
    now: network.clock.now,
    after: (seconds: number, action: () => void): void => {
      if (seconds === 0) due.push(action);
      else network.clock.after(seconds, action);
    },
  };
  const processes = createProcesses(scriptTimer(network, atOnce));
  const machine = machineFor({ network, system: { ...system, processes } }, host, candidate);
  let outcome: Outcome | undefined;
  startScript(machine, candidate, script, { environment, strict: true }, (ended) => {
    outcome = ended;
  });
  for (let action = due.shift(); action; action = due.shift()) action();
  if (!outcome) throw new LabError('lab-failed', `${script} waits for something, and OpenVPN for it`);
  if (outcome.status !== 0) throw failureOf(script, outcome);
}

/** Runs a script that belongs to no candidate, as `sh -eu`; `done` hears of its end. */
export function runScript(ground: Ground, host: Host, source: string, done: (outcome: Outcome) => void): void {
  const nobodys = { sources: { script: source } };
  startScript(machineFor(ground, host, nobodys), nobodys, 'script', { strict: true }, done);
}

type Sources = Pick<Candidate, 'sources'>;

function machineFor({ network, system }: Ground, host: Host, { sources }: Sources): Machine {
  return createMachine({ network, host, system, scripts: sources });
}

/** @param done hears of its end */
export function startScript(
  machine: Machine,
  { sources }: Sources,
  script: string,
  { environment = {}, words = [], strict = false }: Told,
  done: (outcome: Outcome) => void,
): Process {
  const source = sources[script];
  if (source === undefined) throw new LabError('lab-failed', `there is no script ${script}`);
  const set = strict ? (['e', 'u'] as const) : [];
  return machine.processes.start(
    (function* () {
      const outcome = yield* evaluation(source, { file: script, environment, arguments: words, set, machine });
      done(outcome);
      return outcome.status;
    })(),
  );
}

function failureOf(script: string, { status, stderr }: Outcome): LabError {
  return new LabError('lab-failed', `${script} failed with status ${status}: ${stderr.trim()}`);
}
