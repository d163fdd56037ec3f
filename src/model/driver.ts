import { LabError } from '../net/error.ts';
import type { Clock } from './clock.ts';

/** Lets those who wait for something in virtual time have it. */
export interface Driver {
  /**
   * Has time go on until what is begun is finished.
   *
   * @param begin is called at once, with what to call in the end
   * @throws LabError 'lab-failed' if nothing more will ever happen
   */
  wait<T>(begin: (finish: (value: T) => void, fail: (error: unknown) => void) => void): Promise<T>;
  /** As `wait`, for what ends without a word. */
  until(begin: (finish: () => void, fail: (error: unknown) => void) => void): Promise<void>;
}

/**
 * Time stands still while anybody who could begin something at this moment may still do so: whenever something that was
 * waited for has come, everyone else gets a turn before time goes on. So what happens depends on no real clock.
 *
 * @param turn resolves when all others that can run have run
 */
export function createDriver(clock: Clock, turn: () => Promise<void>): Driver {
  const waiting = new Set<(error: unknown) => void>();
  const state = { running: false, settled: false };

  const isSettled = (): boolean => state.settled;

  const run = async (): Promise<void> => {
    state.running = true;
    await turn();
    while (waiting.size > 0) {
      state.settled = false;
      try {
        while (!isSettled() && clock.step());
        if (!isSettled())
          throw new LabError('lab-failed', 'what was waited for never comes: nothing more happens in this network');
      } catch (error) {
        for (const fail of waiting) fail(error);
      }
      await turn();
    }
    state.running = false;
  };

  const wait: Driver['wait'] = (begin) =>
    new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        if (!waiting.delete(fail)) return;
        state.settled = true;
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      waiting.add(fail);
      begin((value) => {
        if (!waiting.delete(fail)) return;
        state.settled = true;
        resolve(value);
      }, fail);
      if (!state.running) void run();
    });
  return { wait, until: (begin) => wait(begin) };
}
