import type { Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import type { NexthopCommand, Output } from '../ip.ts';
import { keywords, namesOf, readWords, says, takes, unknown, unmodelled } from '../keyword.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { protocolIn } from './names.ts';
import { gatewayAfter, newNexthop, type NexthopDraft } from './nexthop-words.ts';

type Members = readonly { readonly id: number; readonly weight: number }[];

interface Draft {
  id?: number;
  protocol: number;
  members?: Members;
  blackhole: boolean;
  readonly single: NexthopDraft;
}

// In iproute2's order (ip/ipnexthop.c).
const among = [
  ...takes<Draft>('id', (nexthop, word) => (nexthop.id = idIn(word))),
  ...takes<Draft>('dev', (nexthop, word) => (nexthop.single.device = word.text)),
  ...keywords<Draft>('via', (nexthop, words, via) => (nexthop.single.gateway = gatewayAfter(words, via))),
  ...unmodelled('encap'),
  ...says<Draft>('blackhole', (nexthop) => (nexthop.blackhole = true)),
  ...unmodelled('fdb'),
  ...says<Draft>('onlink', (nexthop) => (nexthop.single.onlink = true)),
  ...takes<Draft>('group', (nexthop, word) => (nexthop.members = groupIn(word))),
  ...takes<Draft>('type', (_nexthop, word) => {
    if (word.text === 'resilient') notModelled(word.at, 'a resilient group', 'mpath chooses by hash, as routes do');
    if (word.text !== 'mpath') unknown(word, 'a type of group', ['mpath']);
  }),
  ...takes<Draft>('protocol*', (nexthop, word) => (nexthop.protocol = protocolIn(word))),
];

/**
 * `ip nexthop add`, `replace` and `delete`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readNexthopChange(action: 'add' | 'replace' | 'delete', words: Cursor, verb: Word): NexthopCommand {
  const draft: Draft = { protocol: 0, blackhole: false, single: newNexthop() };
  readWords(words, draft, among, (_nexthop, _words, word) => {
    unknown(word, 'something that a nexthop has', namesOf(among));
  });
  const { id, protocol, members, blackhole, single } = draft;
  if (id === undefined) {
    if (action === 'delete') return refuse(verb.at, 'ip nexthop delete needs the number of a nexthop: id NUMBER');
    return notModelled(verb.at, 'a nexthop without a number of yours', 'give one: id NUMBER');
  }
  if (action === 'delete') return { object: 'nexthop', action, id };
  const described = single.device !== null || single.gateway !== null;
  if (Number(described) + Number(blackhole) + Number(members !== undefined) !== 1) {
    refuse(verb.at, 'a nexthop is one of: via ADDRESS dev NAME, blackhole, or group ID/ID');
  }
  const common = { object: 'nexthop', action, id, protocol } as const;
  if (members) return { ...common, nexthop: { kind: 'group', members } };
  if (blackhole) return { ...common, nexthop: { kind: 'blackhole' } };
  return { ...common, nexthop: { kind: 'nexthop', nexthop: single } };
}

/**
 * `ip nexthop show` and `flush`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readNexthopSelector(action: 'show' | 'flush', words: Cursor, output: Output): NexthopCommand {
  const draft: { id: number | null } = { id: null };
  const selecting = [
    ...unmodelled('dev* groups* master* vrf*'),
    ...takes<typeof draft>('id', (nexthops, word) => (nexthops.id = idIn(word))),
    ...unmodelled('protocol* fdb*'),
  ];
  readWords(words, draft, selecting, (_nexthops, _words, word) => {
    unknown(word, 'a choice of nexthops', ['id']);
  });
  if (action === 'show') return { object: 'nexthop', action, id: draft.id, output };
  return draft.id === null ? { object: 'nexthop', action } : { object: 'nexthop', action: 'delete', id: draft.id };
}

function idIn(word: Word): number {
  return wholeNumber(word, 'the number of a nexthop', 1);
}

/** `ID[,WEIGHT]/ID[,WEIGHT]…`. */
function groupIn(word: Word): Members {
  return word.text.split('/').map((member) => {
    const [id = '', weight] = member.split(',', 2);
    return {
      id: idIn({ text: id, at: word.at }),
      weight: weight === undefined ? 1 : wholeNumber({ text: weight, at: word.at }, 'a weight', 1, 256),
    };
  });
}
