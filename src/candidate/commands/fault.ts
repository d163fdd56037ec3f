import { LabError } from '../../net/error.ts';
import type { Location } from './location.ts';

/**
 * Refuses what a script says, and points at it.
 *
 * @throws LabError 'invalid', always
 */
export function fault(at: Location, message: string, hint = ''): never {
  throw new LabError('invalid', `${at.file}:${at.line}:${at.column}: ${message}`, hint);
}

/**
 * Refuses what the tool itself would take.
 *
 * @param why what is to be done instead, or why it can't be
 * @throws LabError 'invalid', always
 */
export function notModelled(at: Location, what: string, why = ''): never {
  return fault(at, `${what} is not modelled`, why);
}
