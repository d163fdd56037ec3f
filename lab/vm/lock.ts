import { attempt, bound } from './bound.ts';

/**
 * Waits until nobody else has the lock, and has it until disposed of, or until this program ends, in whatever way: it is the
 * kernel's.
 *
 * @throws LabError `cannot-run` if there can be no such file
 */
export async function lock(file: string): Promise<AsyncDisposable> {
  const holder = bound({ stdio: 'pipe' })`flock ${file} sh -c ${'echo held; exec cat'}`;
  const ended = attempt(`cannot lock ${file}`, holder);
  const held = new Promise<void>((resolve) => holder.stdout.once('data', () => resolve()));
  await Promise.race([held, ended]);
  return {
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}
