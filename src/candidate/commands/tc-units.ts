import { refuse } from './refusal.ts';
import type { Word } from './word.ts';

/* Numbers with units, as tc has them (iproute2, tc/tc_util.c, lib/utils_math.c). Letters are large or small alike. */

const decimal: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const binary: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bits a second, of `8mbit`, `1mbps` (bytes), or a bare number of bits. */
export function rate(word: Word): number {
  const [, number, prefix = '', i, unit] = /^([0-9.]+)(?:([kmgt]?)(i?)(bit|bps))?$/i.exec(word.text) ?? [];
  const factor = (i ? binary : decimal)[prefix.toLowerCase()];
  const value = Number(number) * (factor ?? NaN) * (unit?.toLowerCase() === 'bps' ? 8 : 1);
  return value > 0 ? value : refuse(word.at, `expected a rate such as 8mbit, got ${JSON.stringify(word.text)}`);
}

/** Seconds, of `50ms`, or a bare number of microseconds. */
export function seconds(word: Word): number {
  const [, number, unit = 'us'] = /^([0-9.]+)(s|ms|us|ns|secs?|msecs?|usecs?|nsecs?)?$/i.exec(word.text) ?? [];
  const factors = { m: 1e-3, u: 1e-6, n: 1e-9, s: 1 };
  const value = Number(number) * factors[unit.toLowerCase().charAt(0) as keyof typeof factors];
  return value >= 0 ? value : refuse(word.at, `expected a time such as 50ms, got ${JSON.stringify(word.text)}`);
}

/** Bytes, of `32kb`, `100mbit`, or a bare number of bytes. */
export function size(word: Word): number {
  // A token bucket's burst may have the size of its cells behind a slash.
  const [, number, prefix = '', unit] = /^([0-9.]+)([kmg]?)(b|bit)?(?:\/[0-9]+)?$/i.exec(word.text) ?? [];
  const value = (Number(number) * (binary[prefix.toLowerCase()] ?? NaN)) / (unit?.toLowerCase() === 'bit' ? 8 : 1);
  return value >= 0 ? value : refuse(word.at, `expected a size such as 32kb, got ${JSON.stringify(word.text)}`);
}

/** A fraction of one, of `5%`, or a bare number of per cent. */
export function fraction(word: Word): number {
  const [, number] = /^([0-9.]+)%?$/.exec(word.text) ?? [];
  const value = Number(number) / 100;
  return value >= 0 && value <= 1
    ? value
    : refuse(word.at, `expected a share such as 5%, got ${JSON.stringify(word.text)}`);
}
