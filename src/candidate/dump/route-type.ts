import type { Word } from '../commands/word.ts';

/** Types of routes, and what a rule may do, by their numbers (linux/rtnetlink.h): `ip -N` prints these in place of names. */
const types = [
  ...['unspec', 'unicast', 'local', 'broadcast', 'anycast', 'multicast'],
  ...['blackhole', 'unreachable', 'prohibit', 'throw'],
];

/** A type by its name, whichever is given. */
export function namedType({ text, at }: Word): Word {
  return { text: types[Number(text)] ?? text, at };
}
