import type { Input } from '../../candidate/commands/input.ts';
import { readIp } from '../../candidate/commands/ip/read.ts';
import { readIptables } from '../../candidate/commands/iptables/reader.ts';
import { readIptablesRestore } from '../../candidate/commands/iptables/restore.ts';
import { readNft } from '../../candidate/commands/nft/reader.ts';
import { readConntrack } from '../../candidate/commands/read-conntrack.ts';
import { readTc } from '../../candidate/commands/read-tc.ts';
import { readSysctl } from '../../candidate/commands/sysctl.ts';
import type { Word } from '../../candidate/commands/word.ts';
import type { Invocation, Machine, Result } from '../../candidate/shell/machine.ts';
import type { Host } from '../host.ts';
import type { Network } from '../network.ts';
import { knownSets } from '../netfilter/ruleset.ts';
import { applyConntrack } from './apply-conntrack.ts';
import { applyIp } from './apply-ip.ts';
import { applyNetfilter } from './apply-netfilter.ts';
import { applySysctl, readVariable, writeVariable } from './apply-sysctl.ts';
import { applyTc } from './apply-tc.ts';
import { done, type Outcome } from './outcome.ts';

/** A modelled host as a script sees it: the programs that change its routing, and /proc/sys. */
export function createMachine(network: Network, host: Host): Machine {
  const programs: Readonly<Record<string, (words: readonly Word[], input: () => Input | null) => Outcome>> = {
    ip: (words, input) => {
      const batch = words.some(({ text }) => text.startsWith('-b') && !text.startsWith('-br'));
      const outcome = inTurn(readIp(words, batch ? input() : null), (placed) => applyIp(network, host, placed, batch));
      return batch && outcome.status !== 0 ? { ...outcome, status: 1 } : outcome;
    },
    iptables: (words) => applyNetfilter(host, readIptables(words)),
    'iptables-restore': (words, input) => {
      const given = input();
      return given ? applyNetfilter(host, readIptablesRestore(words, given)) : done;
    },
    nft: (words, input) => {
      const reads = words.some(({ text }) => text === '-');
      return applyNetfilter(host, readNft(words, reads ? input() : null, knownSets(host.netfilter)));
    },
    sysctl: (words, input) => {
      const reads = words.some(({ text }) => /^-[a-z]*[pf]/.test(text));
      return inTurn(readSysctl(words, reads ? input() : null), ({ command }) => applySysctl(host, command));
    },
    conntrack: (words) => applyConntrack(host, readConntrack(words)),
    tc: (words) => applyTc(network, host, readTc(words)),
  };
  return {
    commands: new Set(Object.keys(programs)),
    run: ({ name, words, takeInput, at }: Invocation): Result => {
      const program = programs[name];
      if (!program) throw new Error(`no program ${name}`);
      return program(words, () => {
        const { text, at: where } = takeInput();
        return { text, at: where ?? at };
      });
    },
    read: (path) => (path === '/dev/null' ? '' : readVariable(host, path)),
    open: (path) => {
      if (path === '/dev/null') return { write: () => null };
      if (readVariable(host, path) === null) return 'No such file or directory';
      return { write: (text) => writeVariable(host, path, text) };
    },
    list: () => null,
  };
}

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
