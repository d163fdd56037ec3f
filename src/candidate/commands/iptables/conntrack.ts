import { ctStateBits, ctStatusBits, type CtKey, type Expression, type Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Word } from '../word.ts';
import { invertible, optional, required, value, type Extension } from './extension.ts';
import {
  binary,
  constant,
  match,
  matchBits,
  matchNetwork,
  readNetwork,
  readPorts,
  readProtocol,
  splitList,
} from './value.ts';

const ct = (key: CtKey): Expression => ({ kind: 'ct', key });

const states: Readonly<Record<string, number>> = {
  INVALID: ctStateBits.invalid,
  NEW: ctStateBits.new,
  ESTABLISHED: ctStateBits.established,
  RELATED: ctStateBits.related,
  UNTRACKED: ctStateBits.untracked,
};
const translated: Readonly<Record<string, number>> = { SNAT: ctStatusBits.snat, DNAT: ctStatusBits.dnat };
const statuses: Readonly<Record<string, number>> = {
  NONE: 0,
  EXPECTED: ctStatusBits.expected,
  SEEN_REPLY: ctStatusBits['seen-reply'],
  ASSURED: ctStatusBits.assured,
  CONFIRMED: ctStatusBits.confirmed,
};

/** The bits of names in a list; those that other names have are left out. */
function bitsOf(
  word: Word,
  names: Readonly<Record<string, number>>,
  others: Readonly<Record<string, number>> = {},
): number {
  return splitList(word).reduce((bits, { text, at }) => {
    const name = text.toUpperCase();
    if (Object.hasOwn(names, name)) return bits | (names[name] ?? 0);
    if (Object.hasOwn(others, name)) return bits;
    const known = [...Object.keys(names), ...Object.keys(others)].join(', ');
    return refuse(at, `'${text}' is no state of a connection`, `states are ${known}`);
  }, 0);
}

/** SNAT and DNAT are told by a connection's status: with both, it is either that is asked. */
function matchState(word: Word, invert: boolean): Statement {
  const state = bitsOf(word, states, translated);
  const status = bitsOf(word, translated, states);
  if (status === 0) return matchBits(ct('state'), state, invert);
  if (state === 0) return matchBits(ct('status'), status, invert);
  const either = binary(binary(ct('state'), '&', constant(state)), '|', binary(ct('status'), '&', constant(status)));
  return match(either, { kind: 'value', value: 0 }, !invert);
}

export const state: Extension = {
  options: { '--state': invertible },
  read: (options) => {
    const { word, invert } = required(options, '--state');
    return [matchBits(ct('state'), bitsOf(word, states), invert)];
  },
};

const addresses: readonly (readonly [string, CtKey])[] = [
  ['--ctorigsrc', 'original saddr'],
  ['--ctorigdst', 'original daddr'],
  ['--ctreplsrc', 'reply saddr'],
  ['--ctrepldst', 'reply daddr'],
];
const ports: readonly (readonly [string, CtKey])[] = [
  ['--ctorigsrcport', 'original proto-src'],
  ['--ctorigdstport', 'original proto-dst'],
  ['--ctreplsrcport', 'reply proto-src'],
  ['--ctrepldstport', 'reply proto-dst'],
];

export const conntrack: Extension = {
  options: {
    '--ctstate': invertible,
    '--ctstatus': invertible,
    '--ctproto': invertible,
    '--ctdir': value,
    ...Object.fromEntries([...addresses, ...ports].map(([name]) => [name, invertible])),
  },
  read: (options) => {
    const asked: Statement[] = [];
    const each = (name: string, read: (word: Word, invert: boolean) => Statement): void => {
      const given = optional(options, name);
      if (given) asked.push(read(given.word, given.invert));
    };
    each('--ctstate', matchState);
    each('--ctproto', (word, invert) => match(ct('l4proto'), { kind: 'value', value: readTracked(word) }, invert));
    for (const [name, key] of addresses) {
      each(name, (word, invert) => matchNetwork(ct(key), readNetwork(word), invert));
    }
    for (const [name, key] of ports) each(name, (word, invert) => match(ct(key), readPorts(word), invert));
    each('--ctstatus', (word, invert) => matchBits(ct('status'), bitsOf(word, statuses), invert));
    each('--ctdir', (word) => match(ct('direction'), { kind: 'value', value: readDirection(word) }));
    return asked.length > 0 ? asked : refuse(options.at, 'match conntrack is not told what to match');
  },
};

function readTracked(word: Word): number {
  const number = readProtocol(word);
  return number > 0 ? number : refuse(word.at, "'--ctproto' takes one protocol");
}

function readDirection(word: Word): number {
  const index = ['ORIGINAL', 'REPLY'].indexOf(word.text.toUpperCase());
  return index >= 0 ? index : refuse(word.at, `expected ORIGINAL or REPLY, got '${word.text}'`);
}
