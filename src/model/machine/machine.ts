import type { Input } from '../../candidate/commands/input.ts';
import { readIp } from '../../candidate/commands/ip/read.ts';
import { readIptables } from '../../candidate/commands/iptables/reader.ts';
import { readIptablesRestore } from '../../candidate/commands/iptables/restore.ts';
import { readNft } from '../../candidate/commands/nft/reader.ts';
import { readConntrack } from '../../candidate/commands/read-conntrack.ts';
import { readFping } from '../../candidate/commands/read-fping.ts';
import { Refusal } from '../../candidate/commands/refusal.ts';
import { readTc } from '../../candidate/commands/read-tc.ts';
import { readSysctl } from '../../candidate/commands/sysctl.ts';
import type { Word } from '../../candidate/commands/word.ts';
import { programs as ordinaryPrograms } from '../../candidate/programs/table.ts';
import type { System } from '../../candidate/programs/system.ts';
import type { Invocation, Machine } from '../../candidate/shell/machine.ts';
import type { Job } from '../../candidate/shell/process.ts';
import type { Host } from '../host.ts';
import type { Network } from '../network.ts';
import { knownSets } from '../netfilter/ruleset.ts';
import { applyConntrack } from './apply-conntrack.ts';
import { applyFping } from './apply-fping.ts';
import { applyIp } from './apply-ip.ts';
import { monitor } from './monitor.ts';
import { applyNetfilter } from './apply-netfilter.ts';
import { applySysctl, isVariable, readVariable, writeVariable } from './apply-sysctl.ts';
import { applyTc } from './apply-tc.ts';
import { done, failed, type Outcome } from './outcome.ts';

type Program = (invocation: Invocation, input: Input) => Outcome | Job<Outcome>;

/** What a host's scripts run on. */
export interface Premises {
  readonly network: Network;
  readonly host: Host;
  /** What its scripts share, from one to the next. */
  readonly system: System;
  /** What each of the candidate's scripts says, by its path. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Stands before each program, and has it carried out; absent: each is carried out at once. */
  readonly gate?: (invocation: Invocation, carryOut: Carry) => ReturnType<Carry>;
}

/** Runs a program. */
export type Carry = Machine['run'];

/** A modelled host as a script sees it: the programs that change its routing, some that any machine has, /proc/sys and /run. */
export function createMachine({ network, host, system, scripts, gate }: Premises): Machine {
  const { processes, files } = system;
  const programs: Readonly<Record<string, Program>> = {
    ip: ({ words, say }, input) => {
      const commands = readIp(words, isBatch(words) ? input : null);
      const [first] = commands;
      if (commands.length === 1 && first?.command.object === 'monitor') return monitor(host, first.command, say);
      const outcome = inTurn(commands, (placed) => applyIp(network, host, placed, isBatch(words)));
      return isBatch(words) && outcome.status !== 0 ? { ...outcome, status: 1 } : outcome;
    },
    iptables: ({ words }) => applyNetfilter(host, readIptables(words)),
    'iptables-restore': ({ words }, input) => applyNetfilter(host, readIptablesRestore(words, input)),
    nft: ({ words }, input) =>
      applyNetfilter(host, readNft(words, readsNft(words) ? input : null, knownSets(host.netfilter))),
    sysctl: ({ words }, input) =>
      inTurn(readSysctl(words, readsSysctl(words) ? input : null), ({ command }) => applySysctl(host, command)),
    conntrack: ({ words }) => applyConntrack(host, readConntrack(words)),
    tc: ({ words }) => applyTc(network, host, readTc(words)),
    fping: ({ words }) => applyFping(host, readFping(words)),
  };
  /** Those that read their input. */
  const readers: Readonly<Record<string, (words: readonly Word[]) => boolean>> = {
    ip: isBatch,
    'iptables-restore': () => true,
    nft: readsNft,
    sysctl: readsSysctl,
  };
  const commands = new Set([...Object.keys(programs), ...ordinaryPrograms.keys()]);
  const run: Carry = (invocation) => (gate ? gate(invocation, carryOut) : carryOut(invocation));
  const carryOut: Carry = (invocation) => {
    const { name, words, takeInput, at } = invocation;
    const ordinary = ordinaryPrograms.get(name);
    if (ordinary) return ordinary(invocation, system, { commands, run });
    const program = programs[name];
    if (!program) throw new Error(`no program ${name}`);
    if (!readers[name]?.(words)) return refusing(invocation, () => program(invocation, { text: '', at }));
    return (function* () {
      const { text, at: where } = yield* takeInput();
      const running = refusing(invocation, () => program(invocation, { text, at: where ?? at }));
      return 'status' in running ? running : yield* running;
    })();
  };
  return {
    commands,
    run,
    script: (path) => scripts[path] ?? null,
    read: (path) => (path === '/dev/null' ? '' : (scripts[path] ?? files.read(path) ?? readVariable(host, path))),
    pipe: (path) => files.pipe(path),
    open: (path, append) => {
      if (!isVariable(host, path)) return files.open(path, append);
      return { inode: {}, write: (text) => writeVariable(host, path, text), close: () => undefined };
    },
    list: () => null,
    processes,
  };
}

/** The status with which programs end that don't take a word. */
const refused: Readonly<Record<string, number>> = { ip: 1, nft: 1, sysctl: 1, tc: 1, fping: 1 };

/**
 * What the tool would not take is a mistake of the script's where it says so itself; where it came of an expansion, it is what
 * the script has come upon, and the program fails as the tool does.
 */
function refusing<T>({ name, words }: Invocation, run: () => T): T | Outcome {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { at, message } = error;
    const word = words.find(
      (each) => each.at.line === at.line && each.at.column === at.column && each.at.file === at.file,
    );
    if (!word?.expanded) throw error;
    return failed(`Error: ${message}`, refused[name] ?? 2);
  }
}

const isBatch = (words: readonly Word[]): boolean =>
  words.some(({ text }) => text.startsWith('-b') && !text.startsWith('-br'));
const readsNft = (words: readonly Word[]): boolean => words.some(({ text }) => text === '-');
const readsSysctl = (words: readonly Word[]): boolean => words.some(({ text }) => /^-[a-z]*[pf]/.test(text));

/** Carries commands out one after another, up to the first that fails. */
function inTurn<Command>(commands: readonly Command[], apply: (command: Command) => Outcome): Outcome {
  let stdout = '';
  for (const command of commands) {
    const outcome = apply(command);
    stdout += outcome.stdout;
    if (outcome.status !== 0) return { ...outcome, stdout };
  }
  return { ...done, stdout };
}
