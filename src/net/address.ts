import { LabError } from './error.ts';

/**
 * An IPv4 address with the length of the network it lies in.
 *
 * The host bits are kept, as the address of an interface has them (`203.0.113.2/24`); `networkOf` clears them.
 */
export interface Prefix {
  /** Unsigned 32-bit number, first octet most significant. */
  readonly address: number;
  /** Leading bits that name the network, 0 to 32. */
  readonly length: number;
}

// No leading zeros: inet_aton(3) reads 010 as eight, people read it as ten.
const octet = /^(?:0|[1-9][0-9]{0,2})$/;
const prefixLength = /^(?:0|[1-9][0-9]?)$/;

/**
 * Reads an IPv4 address in the four-part decimal form of RFC 6943 section 3.1.1 ('strict'), and no other.
 *
 * @returns the address as an unsigned 32-bit number
 * @throws LabError 'invalid' for anything else, short forms (`10.1`) and leading zeros included
 */
export function parseIPv4(text: string): number {
  return readIPv4(text) ?? fail(`expected an IPv4 address such as 203.0.113.2, got ${JSON.stringify(text)}`);
}

/**
 * The address as text, such as `203.0.113.2`.
 *
 * @throws LabError 'invalid' for what is not an unsigned 32-bit integer
 */
export function formatIPv4(address: number): string {
  if (!Number.isInteger(address) || address < 0 || address > 0xffffffff) {
    fail(`expected an IPv4 address as an unsigned 32-bit number, got ${address}`);
  }
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/**
 * Reads `address/length`; host bits are kept.
 *
 * @throws LabError 'invalid' for anything else; an address without a length too, since `ip` takes it for /32 in one place
 *   and refuses it in another
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/');
  const address = slash < 0 ? null : readIPv4(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === null || !prefixLength.test(digits) || Number(digits) > 32) {
    fail(`expected an IPv4 prefix such as 203.0.113.2/24, with a length from 0 to 32, got ${JSON.stringify(text)}`);
  }
  return { address, length: Number(digits) };
}

/** The prefix as text, such as `203.0.113.2/24`; host bits are shown as they are. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatIPv4(prefix.address)}/${prefix.length}`;
}

/** The prefix with its host bits cleared: the route that an interface address implies. */
export function networkOf(prefix: Prefix): Prefix {
  return { address: (prefix.address & maskOf(prefix.length)) >>> 0, length: prefix.length };
}

/** Whether the address lies in the prefix's network. */
export function contains(prefix: Prefix, address: number): boolean {
  return ((prefix.address ^ address) & maskOf(prefix.length)) === 0;
}

/** Whether two networks share an address, which is when one of them contains the other. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? contains(a, b.address) : contains(b, a.address);
}

/** The netmask as 32 bits. A shift by 32 is a shift by 0 in JavaScript, hence the special case. */
function maskOf(length: number): number {
  return length === 0 ? 0 : -1 << (32 - length);
}

function readIPv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => octet.test(part) && Number(part) <= 255)) return null;
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

function fail(message: string): never {
  throw new LabError('invalid', message);
}
