import test from 'ava';
import { binomialRange, shareInterval } from './binomial.ts';

/** Ten coins: 1, 10, 45, 120 … of 1024 ways. */
for (const [risk, low, high] of [
  [0.0019, 0, 10], // even ten heads, 1 in 1024, are not as rare as half of that
  [0.002, 1, 9],
  [0.021, 1, 9],
  [0.022, 2, 8],
  [0.109, 2, 8],
  [0.11, 3, 7],
] as const) {
  test(`ten coins, at a risk of ${risk.toFixed(4)}`, (t) => {
    t.deepEqual(binomialRange(10, 0.5, risk), { low, high });
  });
}

test('is lopsided where the probability is', (t) => {
  // 0.2^3 = 0.008 and 0.8^3 = 0.512
  t.deepEqual(binomialRange(3, 0.8, 0.016), { low: 1, high: 3 });
  t.deepEqual(binomialRange(3, 0.2, 0.016), { low: 0, high: 2 });
});

test('many trials: near the normal distribution', (t) => {
  // 4.892 standard deviations of 25.6 for one in a million
  const { low, high } = binomialRange(4096, 0.8, 1e-6);
  t.true(Math.abs(low - (3276.8 - 4.892 * 25.6)) < 4, String(low));
  t.true(Math.abs(high - (3276.8 + 4.892 * 25.6)) < 4, String(high));
});

// By Wilson's formula, as another program worked it out.
for (const [successes, trials, low, high] of [
  [5, 10, 0.2366, 0.7634],
  [0, 10, 0, 0.2775],
  [10, 10, 0.7225, 1],
  [80, 100, 0.7112, 0.8666],
] as const) {
  test(`the share behind ${successes} of ${trials}`, (t) => {
    const interval = shareInterval(successes, trials);
    t.is(interval.low.toFixed(4), low.toFixed(4));
    t.is(interval.high.toFixed(4), high.toFixed(4));
  });
}
