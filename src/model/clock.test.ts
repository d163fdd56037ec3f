import test from 'ava';
import { createClock } from './clock.ts';

test('actions are carried out by time, and those of the same time in the order in which they were asked for', (t) => {
  const clock = createClock();
  const log: string[] = [];
  const note = (name: string) => () => void log.push(`${name} at ${clock.now}`);
  clock.after(2, note('later'));
  clock.after(1, note('first'));
  clock.after(1, note('second'));
  clock.after(0, () => {
    log.push(`now at ${clock.now}`);
    clock.after(1, note('third'));
  });
  t.is(clock.next, 0);
  while (clock.step());
  t.deepEqual(log, ['now at 0', 'first at 1', 'second at 1', 'third at 1', 'later at 2']);
  t.is(clock.next, null);
  t.false(clock.step());
});

test('what is called off does not happen, and takes no time', (t) => {
  const clock = createClock();
  const cancel = clock.after(1, () => t.fail());
  clock.after(3, () => undefined);
  cancel();
  t.is(clock.next, 3);
  t.true(clock.step());
  t.is(clock.now, 3);
});

test('no action is for a time that is past', (t) => {
  const clock = createClock();
  t.throws(() => clock.after(-1, () => undefined), { instanceOf: RangeError, message: /time to come/ });
  t.throws(() => clock.after(NaN, () => undefined), { instanceOf: RangeError });
});
