import type { Interleaved, Interleaving } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { evaluation } from '../candidate/shell/evaluate.ts';
import type { Invocation, Machine } from '../candidate/shell/machine.ts';
import { createSignal, type Job } from '../candidate/shell/process.ts';
import { brokenPipe } from '../candidate/shell/streams.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { lineWords, startScript, type Ground } from './apply-candidate.ts';
import type { Driver } from './driver.ts';
import { inflict } from './faults.ts';
import { deviceNamed } from './host.ts';
import { createMachine, type Carry } from './machine/machine.ts';

/** A line that changes, and the script that runs for it. */
interface Actor {
  readonly line: string;
  state: 'new' | 'runs' | 'ended';
  /** Whether its line is yet to lose its interface. */
  goes: boolean;
  /** Those of its commands that wait for their turn. */
  readonly asks: (() => void)[];
  /** Given when it asks, or has ended. */
  readonly changed: ReturnType<typeof createSignal>;
  /** Given when it has its turn. */
  readonly turned: ReturnType<typeof createSignal>;
}

/**
 * Has pppd's scripts work in the orders that are asked for, one command at a time: while one works, all others wait for their
 * turn, which each `ip` and `flock` asks for first. A lock that is taken is tried again at the next turn; a wait for news from
 * the kernel ends at each, so that whoever waits looks again.
 */
export async function interleave(
  ground: Ground,
  driver: Driver,
  topology: Topology,
  candidate: Candidate,
  interleavings: readonly Interleaving[],
): Promise<readonly Interleaved[]> {
  const { network, system } = ground;
  const { host: name, uplinks } = topology.server;
  const host = network.hosts.get(name);
  const { lineScripts } = candidate;
  if (!host || !lineScripts)
    throw new LabError('lab-failed', 'a candidate without ip-up and ip-down has nothing to interleave');
  const premises = { network, host, system, scripts: candidate.sources };
  const free = createMachine(premises);
  const said = (script: string): Promise<string> =>
    driver.wait((finish) => {
      free.processes.start(
        (function* () {
          const { status, stdout } = yield* evaluation(script, { file: 'between', environment: {}, machine: free });
          finish(stdout);
          return status;
        })(),
      );
    });
  const run = (machine: Machine, script: string, line: string, done: () => void): void => {
    startScript(machine, candidate, script, { words: lineWords(topology, line) }, done);
  };
  const change = (kind: 'vanish' | 'return' | 'down', line: string): void => {
    inflict(network, topology, { kind, host: name, interface: line });
  };

  const reset = async (before: readonly string[]): Promise<void> => {
    for (const { interface: line } of uplinks) {
      const isThere = deviceNamed(host, line) !== null;
      if (before.includes(line) && !isThere) change('return', line);
      if (!before.includes(line) && isThere) change('vanish', line);
    }
    await said('while ip route del default 2>/dev/null; do :; done');
    for (const line of before) {
      await driver.until((finish) => {
        run(free, lineScripts.up, line, finish);
      });
    }
  };
  /** Waits until the actor asks for its next turn, or has ended, and nobody is at work. */
  const settled = async (actor: Actor): Promise<void> => {
    await driver.until((finish) => {
      const look = (): void => {
        if (actor.state === 'ended' || actor.asks.length > 0) finish();
        else actor.changed.wait(look);
      };
      look();
    });
    await driver.until((finish) => {
      network.clock.after(move, finish);
    });
  };
  const begin = (actor: Actor): void => {
    actor.state = 'runs';
    change(actor.goes ? 'down' : 'return', actor.line);
    const machine = createMachine({ ...premises, gate: gateOf(actor) });
    run(machine, actor.goes ? lineScripts.down : lineScripts.up, actor.line, () => {
      actor.state = 'ended';
      actor.changed.give();
    });
  };

  const results: Interleaved[] = [];
  for (const { before, changes, turns } of interleavings) {
    await reset(before);
    const actors = changes.map((line): Actor => {
      const signals = { changed: createSignal(), turned: createSignal() };
      return { line, state: 'new', goes: before.includes(line), asks: [], ...signals };
    });
    const order: string[] = [];
    for (;;) {
      const moves = movesOf(actors);
      const next = moves[(turns[order.length % turns.length] ?? 0) % moves.length];
      if (!next) break;
      const { text, actor, kind } = next;
      order.push(text);
      if (kind === 'gone') {
        change('vanish', actor.line);
        actor.goes = false;
        continue;
      }
      if (kind === 'begin') begin(actor);
      else {
        actor.turned.give();
        actor.asks.shift()?.();
      }
      await settled(actor);
    }
    const nexthops = [...(await said('ip route show default')).matchAll(/ dev (\S+)(?: weight (\d+))?/g)];
    results.push({ turns: order, nexthops: nexthops.map(([, device = '']) => device) });
  }
  return results;
}

/** Seconds that a move takes: enough for all that comes of it at once. */
const move = 0.001;

interface Move {
  /** As `Interleaved` has it. */
  readonly text: string;
  readonly actor: Actor;
  readonly kind: 'begin' | 'command' | 'gone';
}

/** The moves there are, in the order of the changes. */
function movesOf(actors: readonly Actor[]): readonly Move[] {
  return actors.flatMap((actor, index): readonly Move[] => [
    ...(actor.state === 'new' ? [{ text: `+${index}`, actor, kind: 'begin' as const }] : []),
    ...(actor.asks.length > 0 ? [{ text: String(index), actor, kind: 'command' as const }] : []),
    ...(actor.state !== 'new' && actor.goes ? [{ text: `-${index}`, actor, kind: 'gone' as const }] : []),
  ]);
}

/** Has the actor's programs wait for their turn. */
function gateOf(actor: Actor): (invocation: Invocation, carryOut: Carry) => ReturnType<Carry> {
  function* turn(): Job<void> {
    yield (resume) => {
      actor.asks.push(resume);
      actor.changed.give();
    };
  }
  return (invocation, carryOut) => {
    const { name, words } = invocation;
    const isMonitor = words[1]?.text === 'monitor';
    switch (name) {
      case 'ip':
        return (function* () {
          if (isMonitor) {
            while (invocation.say('\n') !== brokenPipe) yield actor.turned.wait;
            return { status: 0, stdout: '', stderr: '' };
          }
          yield* turn();
          const running = carryOut(invocation);
          return 'status' in running ? running : yield* running;
        })();
      case 'flock':
        return (function* () {
          const [flock, ...rest] = words;
          const tried = [...(flock ? [flock] : []), { text: '-n', at: invocation.at }, ...rest];
          for (;;) {
            yield* turn();
            const running = carryOut({ ...invocation, words: tried });
            const result = 'status' in running ? running : yield* running;
            if (result.status === 0) return result;
          }
        })();
      default:
        return carryOut(invocation);
    }
  };
}
