import { LabError } from '../../net/error.ts';
import type { Location } from './location.ts';

/** A word that the tool itself would not take. */
export class Refusal extends LabError {
  readonly at: Location;
  constructor(at: Location, what: string, hint: string) {
    super('invalid', placed(at, what), hint);
    this.at = at;
  }
}

function placed({ file, line, column }: Location, message: string): string {
  return `${file}:${line}:${column}: ${message}`;
}

/**
 * Refuses a word of a command.
 *
 * @param message what is wrong with it, without the place
 * @param hint what is supported, or what to do
 * @throws Refusal, always
 */
export function refuse(at: Location, message: string, hint = ''): never {
  throw new Refusal(at, message, hint);
}

/**
 * Refuses what the tool itself would take.
 *
 * @param why what is to be done instead, or why it can't be
 * @throws LabError 'invalid', always
 */
export function notModelled(at: Location, what: string, why = ''): never {
  throw new LabError('invalid', placed(at, `${what} is not modelled`), why);
}
