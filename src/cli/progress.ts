import type { WriteStream } from 'node:tty';
import type { Plan, Progress } from '../scenario/run.ts';

/** Shows on a terminal, in one line, how far a run is; shows nothing elsewhere. */
export function showProgress(
  stream: Pick<WriteStream, 'isTTY' | 'write' | 'columns'>,
  plans: readonly Plan[],
): { readonly show: (progress: Progress) => void; readonly clear: () => void } {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined };
  const total = plans.reduce((sum, { trials }) => sum + trials.length, 0);
  const running = new Set<string>();
  let done = 0;
  return {
    show: ({ scenario, trial, result }) => {
      const name = `${scenario}: ${trial}`;
      if (result === null) running.add(name);
      else {
        running.delete(name);
        done++;
      }
      const line = `${done} of ${total} trials done${running.size > 0 ? `; running ${[...running].join(', ')}` : ''}`;
      // A terminal that doesn't know its width says 0.
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`);
    },
    clear: () => void stream.write('\r\x1b[K'),
  };
}
