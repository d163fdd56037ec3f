import { refuse } from './refusal.ts';
import type { Word } from './word.ts';

const digits = {
  0: /^[ \t\n\v\f\r]*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i,
  10: /^[ \t\n\v\f\r]*([+-]?)([0-9]+)$/,
  16: /^[ \t\n\v\f\r]*([+-]?)((?:0x)?[0-9a-f]+)$/i,
} as const;

/**
 * An unsigned number as strtoul(3) reads it, if nothing is left over: decimal, with `0x` hexadecimal, with a leading 0 octal,
 * or of one base alone. Negative numbers are none, though strtoul wraps them around.
 *
 * @returns null where it isn't one; huge numbers lose precision, and are beyond any limit
 */
export function readUnsigned(text: string, base: keyof typeof digits = 0): number | null {
  const [, sign, number] = digits[base].exec(text) ?? [];
  if (number === undefined) return null;
  const octal = base === 0 && /^0[0-7]/.test(number);
  const hexadecimal = base === 16 || /^0x/i.test(number);
  const value = parseInt(number, octal ? 8 : hexadecimal ? 16 : 10);
  return sign === '-' && value > 0 ? null : value;
}

/**
 * A whole number within limits.
 *
 * @param what what the number is, for the error: `a metric`
 * @throws LabError 'invalid' where it isn't
 */
export function wholeNumber(word: Word, what: string, from = 0, to = 0xffffffff): number {
  const value = readUnsigned(word.text);
  if (value !== null && value >= from && value <= to) return value;
  return refuse(word.at, `expected ${what}, a number from ${from} to ${to}, got ${JSON.stringify(word.text)}`);
}
