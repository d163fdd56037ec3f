import type { Prefix } from '../../../net/address.ts';
import { refuse, notModelled } from '../refusal.ts';
import { readUnsigned } from '../number.ts';
import type { Word } from '../word.ts';

/* Addresses as `ip` reads them (iproute2, lib/utils.c): octets that are left out are zero, on the right: 10.1 is 10.1.0.0. */

const anywhere = new Set(['default', 'all', 'any']);

/**
 * An IPv4 address, one to four octets of any base.
 *
 * @throws LabError 'invalid' for anything else
 */
export function addressIn(word: Word): number {
  return readAddress(word.text) ?? notAnAddress(word, 'an IPv4 address such as 203.0.113.2');
}

/**
 * An IPv4 address with a length or, behind the slash, a netmask; without, all 32 bits. `default`, `all` and `any` are 0/0.
 * Host bits are kept.
 *
 * @param hint what else the word may have been meant for
 * @throws LabError 'invalid' for anything else
 */
export function prefixIn(word: Word, hint = ''): Prefix {
  return readPrefix(word.text) ?? notAnAddress(word, 'an IPv4 prefix such as 203.0.113.0/24', hint);
}

/** Whether a prefix says how long it is. */
export function saysLength(word: Word): boolean {
  return word.text.includes('/');
}

function readPrefix(text: string): Prefix | null {
  if (anywhere.has(text)) return { address: 0, length: 0 };
  const slash = text.indexOf('/');
  const address = readAddress(slash < 0 ? text : text.slice(0, slash));
  const length = slash < 0 ? 32 : readLength(text.slice(slash + 1));
  return address === null || length === null || length > 32 ? null : { address, length };
}

function readLength(text: string): number | null {
  const length = readUnsigned(text);
  if (length !== null) return length;
  const mask = readAddress(text);
  const host = mask === null ? 0 : ~mask >>> 0;
  return mask === null || (host & (host + 1)) !== 0 ? null : Math.clz32(host);
}

function readAddress(text: string): number | null {
  const octets = text.split('.').map((octet) => readUnsigned(octet));
  if (octets.length > 4) return null;
  let address = 0;
  for (let index = 0; index < 4; index++) {
    const octet = index < octets.length ? octets[index] : 0;
    if (octet === null || octet === undefined || octet > 255) return null;
    address = address * 256 + octet;
  }
  return address;
}

function notAnAddress(word: Word, expected: string, hint = ''): never {
  if (word.text.includes(':')) return notModelled(word.at, `IPv6 (${word.text})`, 'the model routes IPv4');
  return refuse(word.at, `expected ${expected}, got ${JSON.stringify(word.text)}`, hint);
}
