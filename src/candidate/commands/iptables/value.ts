import { formatIPv4, parseIPv4 } from '../../../net/address.ts';
import type { Comparison, ElementKey, Expression, Operand, Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { protocols, services } from '../symbols.ts';
import type { Word } from '../word.ts';

/* Values as iptables writes them, and the matches that are made of them. */

/** A whole number: decimal, hexadecimal (0x) or, with a leading zero, octal. */
export function readNumber(word: Word, what: string, to = 0xffffffff, from = 0): number {
  return parseNumber(word, word.text, what, to, from);
}

function parseNumber(word: Word, text: string, what: string, to: number, from: number): number {
  const octal = /^0[0-7]+$/.test(text);
  const number = /^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? (octal ? parseInt(text, 8) : Number(text)) : NaN;
  if (!(number >= from && number <= to)) {
    refuse(word.at, `expected ${what} from ${from} to ${to}, got ${JSON.stringify(text)}`);
  }
  return number;
}

/** `value/mask`; without a mask, all bits. */
export function readMasked(word: Word, what: string, to = 0xffffffff): { value: number; mask: number } {
  const [first = '', second, ...more] = word.text.split('/');
  if (more.length > 0) refuse(word.at, `expected ${what} as value/mask, got ${JSON.stringify(word.text)}`);
  const mask = second === undefined ? to : parseNumber(word, second, `a mask of ${what}`, to, 0);
  return { value: parseNumber(word, first, what, to, 0), mask };
}

/** `from:to`, of which either may be left out, or one number. */
export function readRange(
  word: Word,
  what: string,
  to: number,
  names: Readonly<Record<string, number>> = {},
  separator = ':',
): ElementKey {
  const [first = '', second, ...more] = word.text.split(separator);
  const read = (text: string, otherwise: number): number =>
    text === '' && second !== undefined ? otherwise : (names[text] ?? parseNumber(word, text, what, to, 0));
  if (more.length > 0) refuse(word.at, `expected ${what} or a range of two, got ${JSON.stringify(word.text)}`);
  const [low, high] = [read(first, 0), second === undefined ? null : read(second, to)];
  if (high !== null && high < low) refuse(word.at, `the range ${word.text} ends below its beginning`);
  return high === null || high === low ? { kind: 'value', value: low } : { kind: 'range', from: low, to: high };
}

export function readPorts(word: Word): ElementKey {
  return readRange(word, 'a port', 0xffff, services);
}

/** A protocol by name or number; 0 (`all`) is any. */
export function readProtocol(word: Word): number {
  const name = word.text.toLowerCase();
  if (name === 'all') return 0;
  return Object.hasOwn(protocols, name) ? (protocols[name] ?? 0) : readNumber(word, 'a protocol', 255);
}

/** An address with its mask, which needn't be one of leading ones. Short forms such as 10.1/16 are filled up with zeros. */
export function readNetwork(word: Word, text = word.text): { readonly address: number; readonly mask: number } {
  const [host = '', length, ...more] = text.split('/');
  if (more.length > 0) refuse(word.at, `expected an address with a mask, got ${JSON.stringify(text)}`);
  const mask = length === undefined ? 0xffffffff : readMask(word, length);
  return { address: (readAddress(word, host, true) & mask) >>> 0, mask };
}

function readMask(word: Word, text: string): number {
  if (text.includes('.')) return readAddress(word, text);
  const length = parseNumber(word, text, 'a prefix length', 32, 0);
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}

function readAddress(word: Word, text = word.text, short = false): number {
  const parts = text.split('.').length;
  const full = short && parts < 4 && /^[\d.]+$/.test(text) ? text + '.0'.repeat(4 - parts) : text;
  try {
    return parseIPv4(full);
  } catch {
    const hint = 'names of hosts are not looked up: give the address, four numbers without leading zeros';
    return refuse(word.at, `${JSON.stringify(text)} is no IPv4 address`, hint);
  }
}

/** `a-b`. */
export function readAddressRange(word: Word, text = word.text): { readonly from: number; readonly to: number } {
  const [first = '', second = first, ...more] = text.split('-');
  const [from, to] = [readAddress(word, first), readAddress(word, second)];
  if (more.length > 0 || to < from) refuse(word.at, `${JSON.stringify(text)} is no range of addresses`);
  return { from, to };
}

/** Several separated by commas, each with the place of the whole. */
export function splitList(word: Word): readonly Word[] {
  return word.text.split(',').map((text) => ({ text, at: word.at }));
}

export const constant = (value: number | string): Expression => ({ kind: 'constant', value });
export const binary = (left: Expression, operator: '&' | '^' | '|', right: Expression): Expression => ({
  kind: 'binary',
  operator,
  left,
  right,
});

/** A match that holds, or with `!` doesn't. */
export function match(left: Expression, right: Operand, invert = false): Statement {
  const operator: Comparison = invert ? '!=' : '==';
  return { kind: 'match', left, operator, right };
}

/** Equality with one value under a mask. */
export function matchMasked(left: Expression, to: { value: number; mask: number }, invert: boolean): Statement {
  const whole = to.mask === 0xffffffff;
  return match(whole ? left : binary(left, '&', constant(to.mask)), { kind: 'value', value: to.value }, invert);
}

/** Whether any of some bits is set. */
export function matchBits(left: Expression, bits: number, invert: boolean): Statement {
  return match(binary(left, '&', constant(bits)), { kind: 'value', value: 0 }, !invert);
}

/** An address in a network. */
export function matchNetwork(
  left: Expression,
  { address, mask }: { readonly address: number; readonly mask: number },
  invert: boolean,
): Statement {
  const size = 0x100000000 - mask;
  const isPrefix = mask > 0 && Number.isInteger(Math.log2(size));
  if (!isPrefix) return match(binary(left, '&', constant(mask)), { kind: 'value', value: address }, invert);
  const last = address + size - 1;
  return match(
    left,
    size === 1 ? { kind: 'value', value: address } : { kind: 'range', from: address, to: last },
    invert,
  );
}

/** A network as iptables writes it. */
export function formatNetwork({ address, mask }: { readonly address: number; readonly mask: number }): string {
  return mask === 0xffffffff ? formatIPv4(address) : `${formatIPv4(address)}/${formatIPv4(mask)}`;
}

/** Among several keys: one alone is no set. */
export function among(keys: readonly ElementKey[]): Operand {
  const [only] = keys;
  return keys.length === 1 && only ? only : { kind: 'set', elements: keys.map((key) => ({ key })) };
}
