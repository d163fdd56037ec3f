import { BuiltinError } from '../state.ts';

/**
 * A number that a built-in command takes: decimal digits.
 *
 * @throws BuiltinError for anything else, and for what doesn't fit 31 bits
 */
export function count(text: string): number {
  const number = /^[0-9]+$/.test(text) ? Number(text) : Infinity;
  if (number > 0x7fffffff) throw new BuiltinError(`Illegal number: ${text}`);
  return number;
}
