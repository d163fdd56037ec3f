/** Programs that wait: `sleep`, `flock` and `timeout`. */
import { notModelled, refuse } from '../commands/refusal.ts';
import type { Invocation, Result } from '../shell/machine.ts';
import { type Job, pass } from '../shell/process.ts';
import { programName } from '../shell/program.ts';
import { readDuration } from './duration.ts';
import { ended, type Others } from './program.ts';
import type { System } from './system.ts';

/** `sleep`: as long as all its times together. */
export function* sleep({ words, at }: Invocation, { processes }: System): Job<Result> {
  if (words.length < 2) refuse(at, 'sleep needs a time');
  const seconds = words.slice(1).reduce((sum, word) => sum + readDuration(word), 0);
  yield* pass(processes.timer, seconds);
  return ended(0);
}

/** `flock DESCRIPTOR`: takes the lock on the file that it leads to, for as long as that is open; with `-n`, or not at all. */
export function* flock({ words, at, fileAt }: Invocation, { locks }: System): Job<Result> {
  const [, ...args] = words;
  const given = new Set<string>();
  while (args[0]?.text.startsWith('-')) {
    const option = args.shift();
    if (!option || !/^(?:-[xenu]|--(?:exclusive|nonblock|nb|unlock))$/.test(option.text))
      return notModelled(option?.at ?? at, `flock ${option?.text ?? ''}`, 'there are -x -n -u');
    given.add(option.text.replace(/^-+/, '').slice(0, 1));
  }
  const [descriptor, more] = args;
  if (!descriptor) return refuse(at, 'flock needs a descriptor');
  if (more)
    notModelled(more.at, 'flock with a command', "open the file by exec, and give flock the descriptor's number");
  const file = /^[0-9]+$/.test(descriptor.text) ? fileAt(Number(descriptor.text)) : null;
  if (!file) return notModelled(descriptor.at, `a lock on ${descriptor.text}, which no file is open for writing at`);
  if (given.has('u')) {
    locks.release(file);
    return ended(0);
  }
  while (!locks.take(file)) {
    if (given.has('n')) return ended(1);
    yield locks.wait;
  }
  return ended(0);
}

/** `timeout TIME PROGRAM …`: ends the program when the time is over. */
export function* timeout(invocation: Invocation, { processes }: System, others: Others): Job<Result> {
  const { words, at } = invocation;
  const [, time, program] = words;
  if (!time || !program) return refuse(at, 'timeout needs a time and a program');
  if (time.text.startsWith('-')) return notModelled(time.at, `timeout ${time.text}`, 'timeout TIME PROGRAM …');
  const name = programName(others, program.text);
  if (name === null)
    return notModelled(program.at, `timeout with ${program.text}`, [...others.commands].sort().join(' '));
  const seconds = readDuration(time);
  let result: Result = ended(124);
  const child = processes.start(
    (function* () {
      const running = others.run({ ...invocation, name, words: words.slice(2), at: program.at });
      const finished = 'status' in running ? running : yield* running;
      result = finished;
      return finished.status;
    })(),
  );
  const clock = processes.start(
    (function* () {
      // A time of 0 is none at all.
      if (seconds === 0) return 0;
      yield* pass(processes.timer, seconds);
      child.kill(15);
      return 0;
    })(),
  );
  try {
    yield* child.ended();
    return result;
  } finally {
    child.kill(15);
    clock.kill(15);
  }
}
