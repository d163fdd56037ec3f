/** Programs about files: `mkfifo` and `rm`. */
import { notModelled } from '../commands/refusal.ts';
import type { Argument, Invocation, Result } from '../shell/machine.ts';
import { ended } from './program.ts';
import type { System } from './system.ts';

export function mkfifo({ words }: Invocation, { files }: System): Result {
  const problems = paths(words, []).flatMap(({ text }) => {
    const problem = files.makePipe(text);
    return problem === null ? [] : [`mkfifo: cannot create fifo '${text}': ${problem}`];
  });
  return ended(problems.length > 0 ? 1 : 0, problems.join('\n'));
}

/** `rm`, `rm -f`. */
export function rm({ words }: Invocation, { files }: System): Result {
  const forced = words.some(({ text }) => text === '-f');
  const missing = paths(words, ['-f']).filter(({ text }) => !files.remove(text) && !forced);
  const said = missing.map(({ text }) => `rm: cannot remove '${text}': No such file or directory`);
  return ended(missing.length > 0 ? 1 : 0, said.join('\n'));
}

function paths([name, ...words]: readonly Argument[], options: readonly string[]): readonly Argument[] {
  return words.filter(({ text, at }) => {
    if (!text.startsWith('-')) return true;
    if (!options.includes(text))
      notModelled(at, `${name?.text ?? ''} ${text}`, ['leave it out', ...options].join(', or '));
    return false;
  });
}
