import { LabError } from '../net/error.ts';

/** A reader of an option's value that must be a whole number within bounds. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new LabError('invalid', `${option}: expected a whole number from ${least} to ${most}, got '${text}'`);
  };
}
