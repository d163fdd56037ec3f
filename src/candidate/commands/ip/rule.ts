import type { Prefix } from '../../../net/address.ts';
import type { Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import type { PortRange, RuleAction, RuleCommand, RuleSpecification } from '../ip.ts';
import { matches, meant, namesOf, readWords, says, takes, unmodelled } from '../keyword.ts';
import type { Mutable } from '../mutable.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { prefixIn } from './address-text.ts';
import { deviceIn, ipProtocolIn, tableIn, tosIn, typeIn, type TableNames } from './names.ts';

interface Draft {
  readonly named: TableNames;
  table: { readonly number: number; readonly word: Word } | null;
  readonly rule: Mutable<RuleSpecification>;
}

// In iproute2's order (ip/iprule.c): `p` is preference, `t` is tun_id, `s` is suppress_prefixlength.
const among = [
  ...says<Draft>('not', ({ rule }) => (rule.not = true)),
  ...takes<Draft>('from', ({ rule }, word) => (rule.from = anyOrPrefix(word))),
  ...takes<Draft>('to', ({ rule }, word) => (rule.to = anyOrPrefix(word))),
  ...takes<Draft>(
    'preference* order* priority*',
    ({ rule }, word) => (rule.priority = wholeNumber(word, 'a priority')),
  ),
  ...takes<Draft>('tos dsfield*', ({ rule }, word) => (rule.tos = orAny(tosIn(word)))),
  ...takes<Draft>('fwmark', ({ rule }, word) => (rule.mark = markIn(word))),
  ...unmodelled('realms*'),
  ...unmodelled('protocol*', "it only notes who made the rule; ipproto is the packet's protocol"),
  ...unmodelled('tun_id*'),
  ...takes<Draft>('table* lookup', (draft, word) => (draft.table = { number: tableIn(word, draft.named), word })),
  ...takes<Draft>(
    'suppress_prefixlength* sup_pl',
    ({ rule }, word) => (rule.suppressPrefixLength = wholeNumber(word, 'a prefix length', 0, 0x7fffffff)),
  ),
  ...unmodelled('suppress_ifgroup* sup_group'),
  ...takes<Draft>('dev iif', ({ rule }, word) => (rule.inputDevice = deviceIn(word))),
  ...takes<Draft>('oif', ({ rule }, word) => (rule.outputDevice = deviceIn(word))),
  ...unmodelled('l3mdev'),
  ...takes<Draft>('uidrange', ({ rule }, word) => (rule.uids = rangeIn(word, 'a range of user ids', 0, 0xffffffff))),
  ...unmodelled('nat map-to*', 'Linux has no stateless NAT since 2.6'),
  ...takes<Draft>('ipproto', ({ rule }, word) => (rule.protocol = orAny(ipProtocolIn(word)))),
  ...takes<Draft>('sport', ({ rule }, word) => (rule.sourcePorts = portsIn(word))),
  ...takes<Draft>('dport', ({ rule }, word) => (rule.destinationPorts = portsIn(word))),
];

/**
 * `ip rule add` and `delete`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readRuleChange(action: 'add' | 'delete', words: Cursor, verb: Word, named: TableNames): RuleCommand {
  if (!words.next())
    refuse(verb.at, `ip rule ${action} needs to be told a rule`, 'for example: from 203.0.113.2 table 101');
  const rule: Mutable<RuleSpecification> = {
    ...{ priority: null, not: false, from: null, to: null, mark: null, inputDevice: null, outputDevice: null },
    ...{ tos: null, protocol: null, sourcePorts: null, destinationPorts: null, uids: null },
    ...{ suppressPrefixLength: null, action: null },
  };
  const draft: Draft = { named, table: null, rule };
  readWords(words, draft, among, readAction);
  const { table } = draft;
  if (table && rule.action)
    notModelled(table.word.at, `a rule with a table that is a ${rule.action.kind}`, 'leave one out');
  if (table?.number === 0 && action === 'add')
    notModelled(table.word.at, 'table 0, for which the kernel makes up a number');
  const lookup: RuleAction | null = table && table.number > 0 ? { kind: 'table', table: table.number } : null;
  const otherwise: RuleAction | null = action === 'add' ? { kind: 'table', table: mainTable } : null;
  return { object: 'rule', action, rule: { ...rule, action: rule.action ?? lookup ?? otherwise } };
}

const mainTable = 254;
const actions = ['goto', 'nop', 'unreachable', 'blackhole', 'prohibit'];

/** `[type] goto NUMBER`, `nop`, or what becomes of the packet. */
function readAction({ rule }: Draft, words: Cursor, word: Word): void {
  const said = word.text === 'type' ? words.take(words.take(word)) : words.take(word);
  if (matches(said.text, 'goto')) {
    rule.action = { kind: 'goto', priority: wholeNumber(words.take(said), 'the priority of a rule') };
  } else if (matches(said.text, 'nop')) {
    rule.action = { kind: 'nop' };
  } else {
    const type = typeIn(said);
    if (type === 'unreachable' || type === 'blackhole' || type === 'prohibit') rule.action = { kind: type };
    else if (type)
      notModelled(said.at, `a rule of type ${type}`, 'the kernel takes unreachable, blackhole and prohibit');
    else {
      const names = [...namesOf(among), 'type', ...actions];
      refuse(said.at, `${JSON.stringify(said.text)} is nothing that a rule says`, meant(said, names));
    }
  }
}

function anyOrPrefix(word: Word): Prefix | null {
  const prefix = prefixIn(word);
  return prefix.length === 0 ? null : prefix;
}

/** To the kernel, 0 is any. */
const orAny = (number: number): number | null => (number === 0 ? null : number);

/** `VALUE[/MASK]`; without a mask all bits count, but for the value 0 none does. */
function markIn(word: Word): RuleSpecification['mark'] {
  const { value, mask } = splitMark(word);
  const bits = mask ?? (value === 0 ? 0 : 0xffffffff);
  return value === 0 && bits === 0 ? null : { value, mask: bits };
}

/** `VALUE[/MASK]` as it is written. */
export function splitMark(word: Word): { readonly value: number; readonly mask: number | null } {
  const slash = word.text.indexOf('/');
  const part = (text: string, what: string): number => wholeNumber({ text, at: word.at }, what);
  if (slash < 0) return { value: part(word.text, 'a mark'), mask: null };
  return { value: part(word.text.slice(0, slash), 'a mark'), mask: part(word.text.slice(slash + 1), "a mark's mask") };
}

function portsIn(word: Word): PortRange {
  return rangeIn(word, 'a port or a range of ports', 1, 0xffff, /^(\d+)(?:-(\d+))?$/);
}

/** `FROM-TO`, decimal. `ip` takes the beginning of a word for it, whatever follows; here the word must be it. */
function rangeIn(word: Word, what: string, least: number, most: number, form = /^(\d+)-(\d+)$/): PortRange {
  const [, from, to = from] = form.exec(word.text) ?? [];
  const range = { from: Number(from), to: Number(to) };
  if (range.from >= least && range.from <= range.to && range.to <= most) return range;
  return refuse(word.at, `expected ${what} from ${least} to ${most}, got ${JSON.stringify(word.text)}`);
}
