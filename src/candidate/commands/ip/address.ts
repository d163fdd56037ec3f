import type { Prefix } from '../../../net/address.ts';
import { took, type Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import type { AddressCommand, AddressSelector, Output } from '../ip.ts';
import { meant, namesOf, readWords, says, takes, unmodelled } from '../keyword.ts';
import { readUnsigned, wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { addressIn, prefixIn, saysLength } from './address-text.ts';
import { scopeIn } from './names.ts';

interface Draft {
  local?: { readonly prefix: Prefix; readonly word: Word };
  peer?: Prefix;
  /** `+`: all host bits ones; `-`: all zeros. */
  broadcast?: number | '+' | '-';
  scope?: number;
  device?: string;
  metric?: number;
  label?: string;
  prefixRoute: boolean;
}

// In iproute2's order (ip/ipaddress.c).
const among = [
  ...takes<Draft>('peer remote', (address, word) => {
    if (address.peer) refuse(word.at, `the address has a peer already, before ${word.text}`);
    address.peer = prefixIn(word);
  }),
  ...takes<Draft>('broadcast* brd', (address, word) => {
    if (address.broadcast !== undefined) refuse(word.at, `the address has a broadcast already, before ${word.text}`);
    address.broadcast = word.text === '+' || word.text === '-' ? word.text : addressIn(word);
  }),
  ...unmodelled('anycast'),
  ...takes<Draft>('scope', (address, word) => (address.scope = scopeIn(word))),
  ...takes<Draft>('dev', (address, word) => (address.device = word.text)),
  ...takes<Draft>('label', (address, word) => (address.label = word.text)),
  ...takes<Draft>('metric* priority* preference*', (address, word) => (address.metric = wholeNumber(word, 'a metric'))),
  ...takes<Draft>('valid_lft* preferred_lft*', (_address, word, keyword) => {
    if (word.text !== 'forever' && readUnsigned(word.text) !== 0xffffffff) {
      notModelled(word.at, `${keyword.text} ${word.text}`, 'addresses last for ever');
    }
  }),
  ...says<Draft>('noprefixroute', (address) => (address.prefixRoute = false)),
  // IPv6's own; for IPv4 `ip` drops them.
  ...says<Draft>('nodad optimistic home mngtmpaddr', () => undefined),
  ...unmodelled('secondary temporary dadfailed deprecated tentative permanent autojoin stable-privacy'),
];

/**
 * `ip address add`, `replace`, `change` and `delete`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readAddressChange(
  action: 'add' | 'replace' | 'change' | 'delete',
  words: Cursor,
  verb: Word,
): AddressCommand {
  const draft: Draft = { prefixRoute: true };
  readWords(words, draft, among, (address, left, word) => {
    took(left, 'local');
    const local = left.take(word);
    const prefix = prefixIn(local, meant(local, namesOf(among)));
    if (address.local) refuse(local.at, `the command has an address already, before ${local.text}`);
    address.local = { prefix, word: local };
  });
  const { local, peer, device } = draft;
  if (!local) return refuse(verb.at, `ip address ${action} needs an address, such as 203.0.113.2/24`);
  if (device === undefined) return refuse(verb.at, `ip address ${action} needs a device: dev NAME`);
  const common = { object: 'address', device } as const;
  if (action === 'delete') {
    // Without a length and a peer, `ip` tells the kernel neither; a peer's length of 0 it takes for none.
    const said = peer !== undefined || saysLength(local.word);
    const length = said ? lengthOf(local.prefix, peer) : null;
    return { ...common, action, local: local.prefix.address, length, peer: peer?.address ?? null };
  }
  const within: Prefix = peer ?? local.prefix;
  return {
    ...common,
    action,
    address: {
      local: { address: local.prefix.address, length: lengthOf(local.prefix, peer) },
      peer: peer && peer.address !== local.prefix.address ? peer.address : null,
      broadcast: broadcastOf(draft, within),
      scope: draft.scope ?? (local.prefix.address >>> 24 === 127 ? scopeHost : 0),
    },
    prefixRoute: draft.prefixRoute,
    label: draft.label ?? null,
    metric: draft.metric ?? null,
  };
}

const scopeHost = 254;

function lengthOf(local: Prefix, peer: Prefix | undefined): number {
  return peer && peer.length > 0 ? peer.length : local.length;
}

function broadcastOf({ broadcast }: Draft, within: Prefix): number | null {
  if (broadcast === undefined || typeof broadcast === 'number') return broadcast ?? null;
  if (within.length > 30) return null;
  const host = 2 ** (32 - within.length) - 1;
  return (broadcast === '+' ? within.address | host : within.address & ~host) >>> 0;
}

interface SelectorDraft {
  selector: AddressSelector;
}
const chosen = (addresses: SelectorDraft, by: Partial<AddressSelector>): void => {
  addresses.selector = { ...addresses.selector, ...by };
};

const selecting = [
  ...takes<SelectorDraft>('to', (addresses, word) => chosen(addresses, { within: prefixIn(word) })),
  ...takes<SelectorDraft>('scope', (addresses, word) => {
    chosen(addresses, { scope: word.text === 'all' ? null : scopeIn(word) });
  }),
  ...says<SelectorDraft>('up', (addresses) => chosen(addresses, { up: true })),
  ...says<SelectorDraft>('secondary temporary -primary', (addresses) => chosen(addresses, { secondary: true })),
  ...says<SelectorDraft>('primary -secondary', (addresses) => chosen(addresses, { secondary: false })),
  ...says<SelectorDraft>('permanent -dynamic', () => undefined),
  ...unmodelled('dynamic -permanent', 'addresses last for ever'),
  ...unmodelled('label group master vrf nomaster type'),
];

/**
 * `ip address show` and `flush`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readAddressSelector(
  action: 'show' | 'flush',
  words: Cursor,
  verb: Word,
  output: Output,
): AddressCommand {
  if (action === 'flush' && !words.next()) {
    refuse(verb.at, 'ip address flush needs to be told which addresses', 'for example: ip address flush dev eth0');
  }
  const any: AddressSelector = { device: null, within: null, scope: null, secondary: null, up: false };
  const draft: SelectorDraft = { selector: any };
  readWords(words, draft, selecting, readDevice);
  return { object: 'address', action, selector: draft.selector, output };
}

function readDevice(addresses: SelectorDraft, words: Cursor, word: Word): void {
  took(words, 'dev');
  const device = words.take(word);
  if (addresses.selector.device !== null) refuse(device.at, `a device is named already, before ${device.text}`);
  chosen(addresses, { device: device.text });
}
