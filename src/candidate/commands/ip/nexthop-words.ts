import type { NexthopSpecification } from '../ip.ts';
import { took, type Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import { keywordFor, namesOf, meant, says, takes, keywords, unmodelled } from '../keyword.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { addressIn } from './address-text.ts';

/** What has been said of a nexthop so far. */
export interface NexthopDraft {
  gateway: number | null;
  device: string | null;
  weight: number;
  onlink: boolean;
}

/** A nexthop of which nothing has been said. */
export function newNexthop(): NexthopDraft {
  return { gateway: null, device: null, weight: 1, onlink: false };
}

/** `via [inet] ADDRESS`, once `via` is taken. */
export function gatewayAfter(words: Cursor, via: Word): number {
  const word = words.next();
  if (word && ['inet6', 'mpls', 'bridge', 'link'].includes(word.text))
    notModelled(word.at, `a gateway of family ${word.text}`);
  took(words, 'inet');
  return addressIn(words.take(via));
}

const among = [
  ...keywords<NexthopDraft>('via', (nexthop, words, via) => {
    if (nexthop.gateway !== null) notModelled(via.at, 'a second gateway', 'begin another nexthop with nexthop');
    nexthop.gateway = gatewayAfter(words, via);
  }),
  ...takes<NexthopDraft>('dev', (nexthop, device) => (nexthop.device = device.text)),
  ...takes<NexthopDraft>('weight', (nexthop, word) => (nexthop.weight = wholeNumber(word, 'a weight', 1, 256))),
  ...says<NexthopDraft>('onlink', (nexthop) => (nexthop.onlink = true)),
  ...unmodelled('realms* encap as'),
];

/** `nexthop via ADDRESS dev DEVICE weight NUMBER onlink`, as often as it comes, up to the end; its first word is taken. */
export function nexthopsIn(words: Cursor, first: Word): readonly NexthopSpecification[] {
  const nexthops = [oneNexthop(words, first)];
  for (let word = words.next(); word; word = words.next()) {
    if (word.text !== 'nexthop') {
      const hint = meant(word, ['nexthop', ...namesOf(among)]);
      refuse(word.at, `expected nexthop or the end of the route, got ${JSON.stringify(word.text)}`, hint);
    }
    nexthops.push(oneNexthop(words, words.take(word)));
  }
  return nexthops;
}

function oneNexthop(words: Cursor, keyword: Word): NexthopSpecification {
  if (!words.next()) refuse(keyword.at, 'nexthop needs something after it, such as via ADDRESS dev DEVICE');
  const nexthop = newNexthop();
  for (let word = words.next(); word; word = words.next()) {
    const found = keywordFor(word, among);
    if (!found) break;
    found.read(nexthop, words, words.take(word));
  }
  return nexthop;
}
