import test from 'ava';
import { readFping } from './read-fping.ts';
import { refusal, wordsOf } from './sample-words.ts';

const fping = (line: string) => readFping(wordsOf(line));

test('fping is told whom to ask, by which device, and how long', (t) => {
  const usual = { device: null, quiet: false, retries: 3, timeout: 0.5, backoff: 1.5 };
  const target = { target: 0xc6336401, name: '198.51.100.1' };
  t.deepEqual(fping('fping 198.51.100.1'), { ...target, ...usual });
  t.deepEqual(fping('fping -q -I ppp0 -r 2 -B 1 -t 150 198.51.100.1'), {
    ...target,
    ...{ device: 'ppp0', quiet: true, retries: 2, timeout: 0.15, backoff: 1 },
  });
});

for (const [line, message] of [
  ['fping', 'up.sh:1:1: fping needs a host'],
  ['fping -c 3 198.51.100.1', 'up.sh:1:7: fping -c is not modelled'],
  ['fping 198.51.100.1 198.51.100.2', 'up.sh:1:20: fping of several hosts is not modelled'],
  ['fping -B 9 198.51.100.1', 'up.sh:1:10: expected a factor from 1 to 5, got "9"'],
  ['fping 198.51.100.1 -r', 'up.sh:1:20: "-r" needs something after it'],
] as const) {
  test(`refuses ${line}`, (t) => {
    t.is(refusal(() => fping(line))[0], message);
  });
}
