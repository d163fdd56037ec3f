import { refuse } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';
import { itemsOf, membersOf, textOf, wordOf, type Json, type Members } from './json.ts';
import { command, type Command } from './step.ts';

const withoutBearing = new Set(['protocol', 'scope', 'hash_threshold']);

/**
 * The nexthop objects of `ip -j nexthop`.
 *
 * @throws LabError 'invalid' for what a nexthop says that isn't modelled
 */
export function readNexthops(document: Json): readonly Command[] {
  const items = itemsOf(document, 'what ip -j nexthop prints');
  const read = items.map((item) => ({ item, members: membersOf(item, 'a nexthop') }));
  // A group's members are there before it.
  const isGroup = ({ members }: (typeof read)[number]): number => (members.take('group') ? 1 : 0);
  return read
    .toSorted((one, other) => isGroup(one) - isGroup(other))
    .map(({ item, members }) => command(item.at, 'nexthop add', wordsOf(members)));
}

function wordsOf(members: Members): readonly Word[] {
  const id = members.need('id');
  const words: Word[] = [{ text: 'id', at: id.at }, wordOf(id, 'the number of a nexthop')];
  const group = members.take('group');
  const type = members.take('type');
  if (type && textOf(type, 'a type') !== 'mpath') refuse(type.at, 'a group other than mpath is not modelled');
  if (group) words.push({ text: 'group', at: group.at }, { text: groupOf(group), at: group.at });
  for (const [key, name] of [
    ['gateway', 'via'],
    ['dev', 'dev'],
  ] as const) {
    const value = members.take(key);
    if (value) words.push({ text: name, at: value.at }, wordOf(value, `the value of ${key}`));
  }
  const blackhole = members.take('blackhole');
  if (blackhole) words.push({ text: 'blackhole', at: blackhole.at });
  const flags = members.take('flags');
  for (const flag of flags ? itemsOf(flags, 'flags') : []) {
    const text = textOf(flag, 'a flag');
    if (text !== 'onlink') refuse(flag.at, `a nexthop that is ${JSON.stringify(text)} is not modelled`);
    words.push({ text, at: flag.at });
  }
  members.rest(withoutBearing);
  return words;
}

/** `ID[,WEIGHT]/ID…`. */
function groupOf(group: Json): string {
  return itemsOf(group, 'the members of a group')
    .map((item) => {
      const members = membersOf(item, 'a member of a group');
      const id = wordOf(members.need('id'), 'the number of a nexthop').text;
      const weight = members.take('weight');
      members.rest(new Set());
      return weight ? `${id},${wordOf(weight, 'a weight').text}` : id;
    })
    .join('/');
}
