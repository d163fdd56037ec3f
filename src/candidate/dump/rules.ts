import { tables } from '../commands/ip/names.ts';
import { refuse } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';
import { expected, itemsOf, membersOf, wordOf, type Json, type Members } from './json.ts';
import { namedType } from './route-type.ts';
import { command, lineOf, type Command } from './step.ts';

/** The three that every host has. */
const standard = [
  'priority 0 from all table local',
  'priority 32766 from all table main',
  'priority 32767 from all table default',
];

/** Who made the rule; and what `ip` finds out about interfaces and targets. */
const withoutBearing = new Set(['protocol', 'iif_detached', 'oif_detached', 'unresolved']);

/**
 * Commands that bring a host from the three rules that it has by itself to those of `ip -j rule`; none where they are the
 * same.
 *
 * @throws LabError 'invalid' for what a rule says that isn't modelled
 */
export function readRules(document: Json): readonly Command[] {
  const rules = itemsOf(document, 'what ip -4 -j rule prints').map(readRule);
  const said = rules.map(lineOf);
  const gone = standard.filter((rule) => !said.includes(rule));
  const added = rules.filter(
    (rule, index) => !standard.includes(said[index] ?? '') || said.indexOf(lineOf(rule)) < index,
  );
  return [
    ...gone.map((rule) => command(document.at, `rule delete ${rule}`)),
    ...added.map(({ at, words }) => command(at, 'rule add', words)),
  ];
}

function readRule(json: Json): Command {
  const members = membersOf(json, 'a rule');
  const words = [
    ...value(members, 'priority', 'priority'),
    ...flag(members, 'not'),
    ...prefix(members, 'src', 'from'),
    ...prefix(members, 'dst', 'to'),
    ...mark(members),
    ...value(members, 'iif', 'iif'),
    ...value(members, 'oif', 'oif'),
    ...value(members, 'tos', 'tos'),
    ...protocolOf(members),
    ...range(members, 'sport', 'sport', 'sport_start', 'sport_end'),
    ...range(members, 'dport', 'dport', 'dport_start', 'dport_end'),
    ...range(members, 'uidrange', 'uid', 'uid_start', 'uid_end'),
    ...value(members, 'suppress_prefixlen', 'suppress_prefixlength'),
    ...tableOf(members),
    ...value(members, 'goto', 'goto'),
    ...flag(members, 'nop'),
    ...value(members, 'action', '').map(namedType),
  ];
  members.rest(withoutBearing);
  return { words, at: json.at };
}

/** `ipproto-17`, where there is no name for it or none is wanted. */
function protocolOf(members: Members): readonly Word[] {
  return value(members, 'ipproto', 'ipproto').map(({ text, at }) => ({ text: text.replace(/^ipproto-/, ''), at }));
}

/** The tables that every host has go by their names, for the rules that every host has. */
function tableOf(members: Members): readonly Word[] {
  const names = new Map([...tables].map(([name, number]) => [String(number), name]));
  return value(members, 'table', 'table').map(({ text, at }) => ({ text: names.get(text) ?? text, at }));
}

/** Words for a key, if it is there; an empty name: the value alone. */
function value(members: Members, key: string, name: string): readonly Word[] {
  const json = members.take(key);
  if (!json) return [];
  const word = wordOf(json, `the value of ${key}`);
  return name === '' ? [word] : [{ text: name, at: json.at }, word];
}

/** `null` says that it is so. */
function flag(members: Members, name: string): readonly Word[] {
  const json = members.take(name);
  if (!json) return [];
  return json.kind === 'null' ? [{ text: name, at: json.at }] : expected(json, 'null');
}

function prefix(members: Members, key: string, name: string): readonly Word[] {
  const address = members.take(key);
  const length = members.take(`${key}len`);
  if (!address) return length ? refuse(length.at, `a length without ${key}`) : [];
  const word = wordOf(address, 'an address');
  const text = length ? `${word.text}/${wordOf(length, 'a prefix length').text}` : word.text;
  return [
    { text: name, at: address.at },
    { text, at: address.at },
  ];
}

function mark(members: Members): readonly Word[] {
  const [word] = value(members, 'fwmark', '');
  const [mask] = value(members, 'fwmask', '');
  if (!word) return mask ? refuse(mask.at, 'a mask without a mark') : [];
  const text = mask ? `${word.text}/${mask.text}` : word.text;
  return [
    { text: 'fwmark', at: word.at },
    { text, at: word.at },
  ];
}

/** One number, or where a range begins and ends. */
function range(members: Members, name: string, one: string, from: string, to: string): readonly Word[] {
  const single = value(members, one, name);
  const [first] = value(members, from, '');
  const [last] = value(members, to, '');
  if (!first && !last) return single;
  if (!first || !last) return refuse((first ?? last)?.at ?? members.at, `a range of ${name} lacks an end`);
  return [
    { text: name, at: first.at },
    { text: `${first.text}-${last.text}`, at: first.at },
  ];
}
