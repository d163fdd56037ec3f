import { LabError } from '../../net/error.ts';
import type { Location } from './location.ts';

/**
 * Refuses a word of a command.
 *
 * @param message what is wrong with it, without the place
 * @param hint what is supported, or what to do
 * @throws LabError 'invalid', always
 */
export function refuse(at: Location, message: string, hint = ''): never {
  throw new LabError('invalid', `${at.file}:${at.line}:${at.column}: ${message}`, hint);
}

/**
 * Refuses what the tool itself would take.
 *
 * @param why what is to be done instead, or why it can't be
 * @throws LabError 'invalid', always
 */
export function notModelled(at: Location, what: string, why = ''): never {
  return refuse(at, `${what} is not modelled`, why);
}
