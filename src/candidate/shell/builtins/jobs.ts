/** Commands about processes. */
import { invalid } from '../location.ts';
import type { Job, Process } from '../process.ts';
import { complain, type Shell } from '../state.ts';
import type { Call } from './builtin.ts';
import { count } from './numbers.ts';

/** `wait`: for all that the shell has begun in the background, or for some of it; what was waited for is forgotten. */
export function* wait({ children }: Shell, { args }: Call): Job<number> {
  if (args.length === 0) {
    for (let child = children.shift(); child; child = children.shift()) yield* child.ended();
    return 0;
  }
  let status = 0;
  for (const id of args.map(count)) {
    const place = children.findIndex((process) => process.id === id);
    const [child] = place < 0 ? [] : children.splice(place, 1);
    status = child ? yield* child.ended() : 127;
  }
  return status;
}

/** Numbers of the signals that end a process (POSIX.1-2024, XBD signal.h); 0 only asks whether it is there. */
const signals = new Map([
  ['0', 0],
  ...['HUP 1', 'INT 2', 'QUIT 3', 'KILL 9', 'PIPE 13', 'ALRM 14', 'TERM 15'].flatMap((text) => {
    const [name = '', number = ''] = text.split(' ');
    return [name, number].map((word): [string, number] => [word, Number(number)]);
  }),
]);

/** What is begun in the background ignores INT and QUIT (POSIX.1-2024, XCU 2.12); 0 is no signal. */
const ignored = new Set([0, 2, 3]);

/** `kill`: nothing here catches a signal, so that any other ends the process. */
export function kill(shell: Shell, { args, argAt, at }: Call): number {
  let signal = 'TERM';
  let first = 0;
  if (args[0] === '-s') [signal, first] = [args[1] ?? '', 2];
  else if (args[0]?.startsWith('-') && args[0] !== '--') [signal, first] = [args[0].slice(1), 1];
  if (args[first] === '--') first++;
  const number = signals.get(signal);
  if (number === undefined) {
    const known = [...signals.keys()].filter((name) => /[A-Z]/.test(name)).join(' ');
    throw invalid(argAt(Math.max(0, first - 1)), `the signal ${signal} is not supported`, `supported are 0 ${known}`);
  }
  let status = 0;
  for (const [index, id] of args.slice(first).entries()) {
    if (!/^[0-9]+$/.test(id))
      throw invalid(argAt(first + index), `kill ${id} is not supported`, 'write a number, as in $!');
    const process: Process | undefined = shell.shared.machine.processes.find(count(id));
    if (process?.status === null) {
      if (!ignored.has(number)) process.kill(number);
    } else {
      complain(shell, at, `kill: No such process`);
      status = 1;
    }
  }
  return status;
}
