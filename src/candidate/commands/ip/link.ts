import { took, type Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import type { LinkCommand, Output } from '../ip.ts';
import { meant, namesOf, nothingLeft, readWords, says, takes, unmodelled } from '../keyword.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { deviceIn } from './names.ts';

interface Draft {
  /** What `dev`, or no keyword, said; and what `name` said. */
  device?: string;
  name?: string;
  state?: 'up' | 'down';
  mtu?: number;
  master?: string;
  type?: Word;
}

const onOrOff = (_link: Draft, word: Word, keyword: Word): void => {
  if (word.text !== 'on' && word.text !== 'off') refuse(word.at, `${keyword.text} is on or off, not ${word.text}`);
};

// In iproute2's order (ip/iplink.c), because of which some devices' names don't go without `dev` before them.
const among = [
  ...says<Draft>('up', (link) => (link.state = 'up')),
  ...says<Draft>('down', (link) => (link.state = 'down')),
  ...takes<Draft>('name', (link, word) => {
    if (link.name !== undefined) refuse(word.at, `the link has a name already, before ${word.text}`);
    link.name = deviceIn(word);
    link.device ??= link.name;
  }),
  ...unmodelled('index link*'),
  ...takes<Draft>('address*', (_link, word) => hardwareIn(word)),
  ...takes<Draft>('broadcast* brd', (_link, word) => hardwareIn(word)),
  ...takes<Draft>('txqueuelen* qlen txqlen*', (_link, word) => wholeNumber(word, 'a length', 0, 0x7fffffff)),
  ...takes<Draft>('mtu', (link, word) => {
    if (link.mtu !== undefined) refuse(word.at, `the link has an mtu already, before ${word.text}`);
    link.mtu = wholeNumber(word, 'a number of bytes', 0, 0x7fffffff);
  }),
  ...unmodelled('xdpgeneric xdpdrv xdpoffload xdp'),
  ...unmodelled('netns', 'a candidate has one host'),
  ...takes<Draft>('multicast allmulticast promisc', onOrOff),
  ...unmodelled('trailers arp carrier vf'),
  ...takes<Draft>('master*', (link, word) => (link.master = word.text)),
  ...unmodelled('vrf'),
  ...says<Draft>('nomaster*', (link) => (link.master = '')),
  ...takes<Draft>('dynamic*', onOrOff),
  ...takes<Draft>('type*', (link, word) => (link.type = word)),
  // Names for people.
  ...takes<Draft>('alias*', () => undefined),
  ...unmodelled('group mode state numtxqueues* numrxqueues*'),
  // IPv6's.
  ...takes<Draft>('addrgenmode*', () => undefined),
  ...unmodelled(
    'link-netns* link-netnsid* protodown protodown_reason gso_max_size gso_max_segs gro_max_size parentdev',
  ),
];

/** Reads words up to `type NAME`, which ends what belongs to the link itself. */
function readLink(words: Cursor): Draft {
  const link: Draft = {};
  const untilType: Cursor = { next: () => (link.type ? undefined : words.next()), take: words.take };
  readWords(untilType, link, among, readDevice);
  return link;
}

function readDevice(link: Draft, words: Cursor, word: Word): void {
  took(words, 'dev');
  const device = words.take(word);
  if (link.device !== link.name) {
    const hint = meant(device, namesOf(among));
    refuse(device.at, `expected something that a link has, got ${JSON.stringify(device.text)}`, hint);
  }
  if (/[/\s]/.test(device.text) || device.text === '') deviceIn(device);
  link.device = device.text;
}

/**
 * `ip link add`, once that is taken.
 *
 * @throws LabError 'invalid'
 */
export function readLinkAdd(words: Cursor, verb: Word): LinkCommand {
  const link = readLink(words);
  const device = link.name ?? link.device;
  if (device === undefined) return notModelled(verb.at, 'a link without a name of yours', 'give it one');
  if (device !== link.device) refuse(verb.at, 'ip link add takes one name, by name or by dev');
  if (!link.type) return refuse(verb.at, 'ip link add needs a type, such as type veth');
  if (link.master !== undefined) notModelled(verb.at, 'a new link with a master', 'ip link set … master … joins it');
  const type = typeOf(link.type, words);
  nothingLeft(words);
  return { object: 'link', action: 'add', device, type, state: link.state ?? 'down', mtu: link.mtu ?? null };
}

function typeOf(word: Word, words: Cursor): Extract<LinkCommand, { action: 'add' }>['type'] {
  switch (word.text) {
    case 'veth':
      return { kind: 'veth', peer: peerOf(words) };
    case 'bridge':
      readWords(words, null, bridging, (_bridge, _left, other) => notModelled(other.at, `a bridge's ${other.text}`));
      return { kind: 'bridge' };
    case 'dummy':
      return { kind: 'dummy' };
    default:
      return notModelled(word.at, `a link of type ${word.text}`, 'there are veth, bridge and dummy');
  }
}

/** What a bridge without loops has no use for. */
const bridging = [
  ...takes<null>('forward_delay* hello_time* max_age* ageing_time*', (_bridge, word) => wholeNumber(word, 'a time')),
  ...takes<null>('stp_state*', (_bridge, word) => wholeNumber(word, 'a state', 0, 1)),
];

/** `peer [name] NAME`; null: nothing is said of it. */
function peerOf(words: Cursor): string | null {
  const peer = words.next();
  if (!peer) return null;
  if (!took(words, 'peer')) refuse(peer.at, `expected peer, got ${JSON.stringify(peer.text)}`);
  const link = readLink(words);
  if (link.type) refuse(link.type.at, 'a peer has no type of its own');
  const said =
    link.state ?? (link.mtu === undefined ? undefined : 'mtu') ?? (link.master === undefined ? undefined : 'master');
  if (said !== undefined)
    notModelled(peer.at, `${said} of a veth's peer in the making`, 'ip link set … says it afterwards');
  return link.name ?? link.device ?? null;
}

/**
 * `ip link set`, once that is taken.
 *
 * @throws LabError 'invalid'
 */
export function readLinkSet(words: Cursor, verb: Word): LinkCommand {
  const link = readLink(words);
  if (link.type) notModelled(link.type.at, 'to change a link by its type');
  if (link.device === undefined) return refuse(verb.at, 'ip link set needs a device');
  return {
    object: 'link',
    action: 'set',
    device: link.device,
    state: link.state ?? null,
    mtu: link.mtu ?? null,
    master: link.master ?? null,
    name: link.name === link.device ? null : (link.name ?? null),
  };
}

/**
 * `ip link delete`, once that is taken.
 *
 * @throws LabError 'invalid'
 */
export function readLinkDelete(words: Cursor, verb: Word): LinkCommand {
  const { device } = readLink(words);
  if (device === undefined) return refuse(verb.at, 'ip link delete needs a device');
  return { object: 'link', action: 'delete', device };
}

interface SelectorDraft {
  device: string | null;
  up: boolean;
}

const selecting = [
  ...says<SelectorDraft>('up', (links) => (links.up = true)),
  ...unmodelled('to scope label group master vrf nomaster type'),
];

/**
 * `ip link show`, once that is taken.
 *
 * @throws LabError 'invalid'
 */
export function readLinkShow(words: Cursor, output: Output): LinkCommand {
  const draft: SelectorDraft = { device: null, up: false };
  readWords(words, draft, selecting, (links, left, word) => {
    took(left, 'dev');
    const device = left.take(word);
    if (links.device !== null) refuse(device.at, `a device is named already, before ${device.text}`);
    links.device = device.text;
  });
  return { object: 'link', action: 'show', ...draft, output };
}

/** A hardware address: octets in hexadecimal. `ip` lets pass what follows the digits of an octet; here nothing may. */
export function hardwareIn(word: Word): string {
  if (/^[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}$/i.test(word.text)) {
    return word.text
      .split(':')
      .map((octet) => octet.toLowerCase().padStart(2, '0'))
      .join(':');
  }
  return refuse(word.at, `expected a hardware address such as 02:00:00:00:00:01, got ${JSON.stringify(word.text)}`);
}
