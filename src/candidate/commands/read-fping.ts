import { parseIPv4 } from '../../net/address.ts';
import { LabError } from '../../net/error.ts';
import { cursorOver } from './cursor.ts';
import type { FpingCommand } from './fping.ts';
import { deviceIn } from './ip/names.ts';
import type { Mutable } from './mutable.ts';
import { wholeNumber } from './number.ts';
import { notModelled, refuse } from './refusal.ts';
import type { Word } from './word.ts';

const options: Readonly<Record<string, (command: Mutable<FpingCommand>, argument: () => Word) => void>> = {
  '-q': (command) => (command.quiet = true),
  '-I': (command, argument) => (command.device = deviceIn(argument())),
  '-r': (command, argument) => (command.retries = wholeNumber(argument(), 'a number of tries', 0, 20)),
  '-t': (command, argument) => (command.timeout = wholeNumber(argument(), 'milliseconds', 50, 0x7fffffff) / 1000),
  '-B': (command, argument) => (command.backoff = backoffIn(argument())),
};

/**
 * Reads a command line of `fping` (fping(8), 5.1).
 *
 * @throws LabError 'invalid' for what it would not take, and for what has no place in the model
 */
export function readFping(words: readonly Word[]): FpingCommand {
  const cursor = cursorOver(words);
  const fping = cursor.next();
  if (!fping) throw new RangeError('a command has a name');
  cursor.take(fping);
  const defaults = { device: null, quiet: false, retries: 3, timeout: 0.5, backoff: 1.5 };
  const command: Mutable<FpingCommand> = { target: 0, name: '', ...defaults };
  for (let word = cursor.next(); word; word = cursor.next()) {
    const taken = cursor.take(fping);
    const option = options[word.text];
    if (option) option(command, () => cursor.take(taken));
    else if (word.text.startsWith('-'))
      notModelled(word.at, `fping ${word.text}`, `there are ${Object.keys(options).join(' ')}`);
    else if (command.name !== '') notModelled(word.at, 'fping of several hosts', 'ask for one after the other');
    else [command.target, command.name] = [addressIn(word), word.text];
  }
  if (command.name === '') refuse(fping.at, 'fping needs a host');
  return command;
}

function backoffIn({ text, at }: Word): number {
  const factor = /^[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
  if (factor >= 1 && factor <= 5) return factor;
  return refuse(at, `expected a factor from 1 to 5, got ${JSON.stringify(text)}`);
}

function addressIn({ text, at }: Word): number {
  try {
    return parseIPv4(text);
  } catch (error) {
    if (error instanceof LabError) return refuse(at, error.message, error.hint);
    throw error;
  }
}
