import test from 'ava';
import type { TrialResult } from '../scenario/result.ts';
import type { Plan } from '../scenario/run.ts';
import { showProgress } from './progress.ts';

const result: TrialResult = { candidate: '', variant: '', checks: [], milliseconds: 0 };

/** Plans with that many trials each; nothing else of them matters here. */
const plansOf = (...trials: readonly number[]) =>
  trials.map((count) => ({ trials: Array.from({ length: count }) })) as unknown as readonly Plan[];

/** A terminal, as far as it is needed: it knows returning to the line's beginning, and erasing to its end. */
function terminal(columns: number, isTTY = true) {
  let line = '';
  let written = 0;
  const write = (text: string): boolean => {
    written++;
    const parts = text.split('\r\u001b[K');
    line = parts.length > 1 ? parts.at(-1)! : line + text;
    return true;
  };
  return {
    stream: { isTTY, columns, write } as unknown as Parameters<typeof showProgress>[0],
    line: () => line,
    written: () => written,
  };
}

test('one line says how far a run is, and what runs', (t) => {
  const { stream, line } = terminal(120);
  const { show, clear } = showProgress(stream, plansOf(2, 1));
  const step = (trial: string, ended: TrialResult | null, shown: string): void => {
    show({ scenario: 's', trial, result: ended });
    t.is(line(), shown);
  };
  step('a', null, '0 of 3 trials done; running s: a');
  step('b (behind NAT)', null, '0 of 3 trials done; running s: a, s: b (behind NAT)');
  step('a', result, '1 of 3 trials done; running s: b (behind NAT)');
  step('b (behind NAT)', result, '2 of 3 trials done');
  step('c', null, '2 of 3 trials done; running s: c');
  step('c', result, '3 of 3 trials done');
  clear();
  t.is(line(), '');
});

test('trials of the same name in two scenarios are two', (t) => {
  const { stream, line } = terminal(120);
  const { show } = showProgress(stream, plansOf(1, 1));
  show({ scenario: 's', trial: 'a', result: null });
  show({ scenario: 'r', trial: 'a', result: null });
  show({ scenario: 's', trial: 'a', result });
  t.is(line(), '1 of 2 trials done; running r: a');
});

for (const [columns, length] of [
  [20, 19],
  [80, 79],
  [0, 79],
] as const) {
  test(`the line never wraps, which would leave half of it standing: ${columns} columns`, (t) => {
    const { stream, line } = terminal(columns);
    const { show } = showProgress(stream, plansOf(30));
    for (let trial = 1; trial <= 30; trial++) show({ scenario: 'scenario', trial: `trial ${trial}`, result: null });
    t.is(line().length, length);
    t.true(line().startsWith('0 of 30 trials done'));
  });
}

test('what is no terminal is told nothing', (t) => {
  for (const isTTY of [false, undefined]) {
    const { stream, written } = terminal(80, isTTY);
    // A default argument would turn undefined into true.
    const { show, clear } = showProgress({ ...stream, isTTY: isTTY! }, plansOf(1));
    show({ scenario: 's', trial: 'a', result: null });
    show({ scenario: 's', trial: 'a', result });
    clear();
    t.is(written(), 0);
  }
});
