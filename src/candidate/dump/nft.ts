import type { Location } from '../commands/location.ts';
import { notModelled, refuse } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';
import { countOf, itemsOf, membersOf, type Json, type Members } from './json.ts';
import { element } from './nft-expression.ts';
import { ruleBody } from './nft-statement.ts';
import { bare, joined, listOf, say, tagged, type Part } from './nft-text.ts';
import { command, type Command } from './step.ts';

/** Kinds of things in the order in which they have to be there. */
const kinds = ['table', 'chain', 'set', 'map', 'element', 'rule'] as const;

interface Made {
  readonly kind: (typeof kinds)[number];
  readonly command: Command;
}

/**
 * What `nft -j list ruleset` prints, as commands of nft.
 *
 * @param ofIptables names of the tables of family `ip` that are iptables' own: their rules are read elsewhere
 * @throws LabError 'invalid' for what isn't modelled; tables of IPv6 are passed over
 */
export function readRuleset(document: Json, ofIptables: ReadonlySet<string>): readonly Command[] {
  const members = membersOf(document, 'what nft -j list ruleset prints');
  const items = itemsOf(members.need('nftables'), 'a ruleset');
  members.rest(new Set());
  const made = items.flatMap((item) => readItem(item, ofIptables));
  return kinds.flatMap((kind) => made.filter((each) => each.kind === kind).map((each) => each.command));
}

function readItem(json: Json, ofIptables: ReadonlySet<string>): readonly Made[] {
  const { key: kind, keyAt, value } = tagged(json, 'a part of a ruleset');
  if (kind === 'metainfo') return [];
  const members = membersOf(value, `a ${kind}`);
  const family = bare(members.need('family'), 'a family');
  const table = bare(members.need(kind === 'table' ? 'name' : 'table'), 'the name of a table');
  if (family.text === 'ip6' || (family.text === 'ip' && ofIptables.has(table.text))) return [];
  if (family.text !== 'ip' && family.text !== 'inet') {
    notModelled(family.at, `family ${family.text}`, 'families are ip and inet, of which IPv4 is modelled');
  }
  const at = json.at;
  const name = (): Word => bare(members.need('name'), `the name of a ${kind}`);
  const made = (made: Made['kind'], ...words: readonly (readonly Word[])[]): readonly Made[] => {
    return [{ kind: made, command: command(at, `add ${made}`, [family, table, ...words.flat()]) }];
  };
  switch (kind) {
    case 'table': {
      const flags = members.take('flags');
      if (flags) notModelled(flags.at, 'a table with flags');
      members.rest(new Set(['handle', 'comment']));
      return made('table');
    }
    case 'chain':
      return made('chain', [name()], chainOf(members, at));
    case 'set':
    case 'map': {
      const called = name();
      const { words, elements, parts } = setOf(kind, members, at);
      if (elements.length === 0) return made(kind, [called], words);
      const listed = joined(
        elements.map((each) => element(each, parts)),
        ',',
        at,
      );
      const braced = [...say(at, '{'), ...listed, ...say(at, '}')];
      return [...made(kind, [called], words), ...made('element', [called], braced)];
    }
    case 'rule': {
      const chain = bare(members.need('chain'), 'the name of a chain');
      const body = ruleBody(members.need('expr'), members.take('comment'));
      members.rest(new Set(['handle', 'index']));
      return made('rule', [chain], body);
    }
    // Named counters count.
    case 'counter':
      return [];
    default:
      return notModelled(keyAt, `nft's ${kind}`);
  }
}

/** `{ type nat hook prerouting priority -100; policy accept; }`; nothing for a chain that is jumped to. */
function chainOf(members: Members, at: Location): readonly Word[] {
  const type = members.take('type');
  const hook = members.take('hook');
  const priority = members.take('prio');
  const policy = members.take('policy');
  const device = members.take('dev');
  if (device) notModelled(device.at, 'a hook of a device');
  members.rest(new Set(['handle', 'comment']));
  if (!type && !hook && !priority) return [];
  if (!type || !hook || !priority) return refuse(at, 'a base chain has a type, a hook and a prio');
  if (priority.kind !== 'number') return refuse(priority.at, 'expected a priority, a number');
  return [
    ...say(at, '{ type'),
    bare(type, "a chain's type"),
    ...say(at, 'hook'),
    bare(hook, 'a hook'),
    ...say(priority.at, `priority ${priority.value} ;`),
    ...(policy ? [...say(policy.at, 'policy'), bare(policy, 'a policy'), ...say(policy.at, ';')] : []),
    ...say(at, '}'),
  ];
}

interface SetRead {
  readonly words: readonly Word[];
  readonly elements: readonly Json[];
  /** What the parts of a key are. */
  readonly parts: readonly Part[];
}

/** `{ type ipv4_addr . inet_service ; flags dynamic , timeout ; timeout 30s ; size 100 ; }`. */
function setOf(kind: 'set' | 'map', members: Members, at: Location): SetRead {
  const types = (json: Json): readonly Word[] => listOf(json).map((type) => bare(type, 'the name of a type'));
  const key = types(members.need('type'));
  const given = kind === 'map' ? types(members.need('map')) : [];
  const dotted = (words: readonly Word[]): readonly Word[] =>
    joined(
      words.map((word) => [word]),
      '.',
      at,
    );
  const property = (name: string, words: readonly Word[]): readonly Word[] =>
    words.length > 0 ? [...say(at, name), ...words, ...say(at, ';')] : [];
  const flags = members.take('flags');
  const timeout = members.take('timeout');
  const size = members.take('size');
  const elements = members.take('elem');
  members.rest(new Set(['handle', 'comment', 'policy', 'gc-interval', 'auto-merge']));
  const named = (flags ? listOf(flags) : []).map((flag) => [bare(flag, 'a flag')]);
  return {
    words: [
      ...say(at, '{'),
      ...property('type', given.length > 0 ? [...dotted(key), ...say(at, ':'), ...dotted(given)] : dotted(key)),
      ...property('flags', joined(named, ',', at)),
      ...property('timeout', timeout ? say(timeout.at, `${countOf(timeout, 'a timeout')}s`) : []),
      ...property('size', size ? say(size.at, String(countOf(size, 'a size'))) : []),
      ...say(at, '}'),
    ],
    elements: elements ? itemsOf(elements, 'elements') : [],
    parts: key.map(({ text }) => (text === 'ifname' || text === 'iface_index' ? 'name' : 'other')),
  };
}

/**
 * Names of the tables that iptables keeps in nftables, of what iptables-save prints: it tells their rules better than nft does.
 *
 * @throws LabError 'invalid' where iptables-save says that there are rules that it doesn't show
 */
export function tablesOfIptables(text: string, at: Location): ReadonlySet<string> {
  const names = new Set<string>();
  let ofNft = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^# Warning: .* tables present/.test(line)) {
      refuse(
        { ...at, line: at.line + index },
        `some rules are not in it: ${textAfterWarning(line)}`,
        'add them to the dump',
      );
    }
    const header = /^# Generated by iptables(?:-[a-z]+)*-save v\S+( \(nf_tables\))?/.exec(line);
    if (header) ofNft = header[1] !== undefined;
    const table = /^\*(\S+)/.exec(line)?.[1];
    if (table !== undefined && ofNft) names.add(table);
  }
  return names;
}

function textAfterWarning(line: string): string {
  return line.replace(/^# Warning: /, '');
}
