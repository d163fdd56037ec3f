import { parseIPv4, parsePrefix, type Prefix } from '../../net/address.ts';
import { LabError } from '../../net/error.ts';
import type { ConntrackCommand, ConntrackFilter } from './conntrack.ts';
import { cursorOver, type Cursor } from './cursor.ts';
import { refuse, notModelled } from './refusal.ts';
import { meant, unknown } from './keyword.ts';
import type { Mutable } from './mutable.ts';
import { wholeNumber } from './number.ts';
import { ipProtocolIn } from './ip/names.ts';
import { splitMark } from './ip/rule.ts';
import type { Word } from './word.ts';

interface Draft {
  action?: { readonly what: ConntrackCommand['action']; readonly word: Word };
  filter: Mutable<ConntrackFilter>;
  /** The first word of a filter, for errors. */
  filtered?: Word;
}

interface Option {
  readonly names: readonly string[];
  readonly argument: 'needed' | 'possible' | 'none';
  readonly read: (draft: Draft, argument: Word | null, option: Word) => void;
}

function action(names: string, what: ConntrackCommand['action']): Option {
  return {
    names: names.split(' '),
    argument: 'possible',
    read: (draft, table, word) => {
      if (draft.action)
        refuse(word.at, `${draft.action.word.text} is said already: conntrack does one thing at a time`);
      if (table && table.text !== 'conntrack') notModelled(table.at, `the table ${table.text}`, 'there is conntrack');
      draft.action = { what, word };
    },
  };
}

function filter(names: string, by: (argument: Word, filter: ConntrackFilter) => Partial<ConntrackFilter>): Option {
  return {
    names: names.split(' '),
    argument: 'needed',
    read: (draft, argument, option) => {
      draft.filtered ??= option;
      draft.filter = { ...draft.filter, ...by(argument ?? option, draft.filter) };
    },
  };
}

function translated(names: string, key: 'sourceNat' | 'destinationNat'): Option {
  return {
    names: names.split(' '),
    argument: 'possible',
    read: (draft, to, option) => {
      draft.filtered ??= option;
      draft.filter[key] = { to: to ? addressIn(to) : null };
    },
  };
}

function notOption(names: string): Option {
  return {
    names: names.split(' '),
    argument: 'none',
    read: (_draft, _argument, word) => notModelled(word.at, word.text),
  };
}

const options: readonly Option[] = [
  action('-L --dump', 'list'),
  action('-D --delete', 'delete'),
  action('-F --flush', 'flush'),
  action('-C --count', 'count'),
  filter('-p --protonum', (word) => ({ protocol: ipProtocolIn(word) })),
  filter('-s --src --orig-src', (word) => ({ originalSource: prefixIn(word) })),
  filter('-d --dst --orig-dst', (word) => ({ originalDestination: prefixIn(word) })),
  filter('-r --reply-src', (word) => ({ replySource: prefixIn(word) })),
  filter('-q --reply-dst', (word) => ({ replyDestination: prefixIn(word) })),
  filter('--sport --orig-port-src', (word, said) => ({ sourcePort: portIn(word, said) })),
  filter('--dport --orig-port-dst', (word, said) => ({ destinationPort: portIn(word, said) })),
  filter('--reply-port-src', (word, said) => ({ replySourcePort: portIn(word, said) })),
  filter('--reply-port-dst', (word, said) => ({ replyDestinationPort: portIn(word, said) })),
  filter('-m --mark', (word) => {
    const { value, mask } = splitMark(word);
    return { mark: { value, mask: mask ?? 0xffffffff } };
  }),
  translated('-n --src-nat', 'sourceNat'),
  translated('-g --dst-nat', 'destinationNat'),
  filter('-f --family', (word) => (word.text === 'ipv4' ? {} : notModelled(word.at, `the family ${word.text}`))),
  notOption('-G --get -I --create -U --update -E --event -S --stats -A --add -h --help -V --version -R --load-file'),
  notOption('-j --any-nat -c --secmark -e --event-mask -z --zero -o --output -l --label -t --timeout -u --status'),
  notOption('-w --zone --orig-zone --reply-zone -b --buffer-size --mask-src --mask-dst -i --id --state'),
  notOption('--icmp-type --icmp-code --icmp-id --tuple-src --tuple-dst --label-add --label-del'),
];
const names = options.flatMap((option) => option.names);

/**
 * Reads a command line of `conntrack`.
 *
 * @throws LabError 'invalid' for what it would not take, and for what has no place in the model
 */
export function readConntrack(words: readonly Word[]): ConntrackCommand {
  const cursor = cursorOver(words);
  const conntrack = cursor.next();
  if (!conntrack) throw new RangeError('a command has a name');
  cursor.take(conntrack);
  const any: ConntrackFilter = {
    ...{ protocol: null, originalSource: null, originalDestination: null, replySource: null, replyDestination: null },
    ...{ sourcePort: null, destinationPort: null, replySourcePort: null, replyDestinationPort: null },
    ...{ mark: null, sourceNat: null, destinationNat: null },
  };
  const draft: Draft = { filter: any };
  for (let word = cursor.next(); word; word = cursor.next()) readOption(draft, cursor, cursor.take(word));
  if (!draft.action) return refuse(conntrack.at, 'conntrack needs to be told what to do: -D, -F, -L or -C');
  const { what } = draft.action;
  if (what === 'delete' || what === 'list') return { action: what, filter: draft.filter };
  if (draft.filtered) refuse(draft.filtered.at, `${draft.action.word.text} takes no ${draft.filtered.text}`);
  return { action: what };
}

function readOption(draft: Draft, words: Cursor, word: Word): void {
  const { name, attached } = split(word);
  const option = optionNamed({ text: name, at: word.at });
  const next = words.next();
  if (attached !== null && option.argument === 'none') refuse(word.at, `${name} takes nothing`);
  if (attached !== null) option.read(draft, { text: attached, at: word.at }, word);
  else if (option.argument === 'needed') option.read(draft, words.take(word), word);
  else if (option.argument === 'possible' && next && !next.text.startsWith('-'))
    option.read(draft, words.take(word), word);
  else option.read(draft, null, word);
}

/** `-pudp` and `--protonum=udp` hold their argument. */
function split({ text, at }: Word): { readonly name: string; readonly attached: string | null } {
  if (!/^-./.test(text)) refuse(at, `expected an option of conntrack, got ${JSON.stringify(text)}`);
  const [name = '', ...value] = text.startsWith('--') ? text.split('=') : [text.slice(0, 2), text.slice(2)];
  const attached = value.join('=');
  return { name, attached: value.length === 0 || (attached === '' && !text.startsWith('--')) ? null : attached };
}

/** Long options may be cut short as long as no other begins so. */
function optionNamed(word: Word): Option {
  const exact = options.find((option) => option.names.includes(word.text));
  const begun = options.filter((option) => option.names.some((name) => name.startsWith(word.text)));
  const [found, another] = exact ? [exact] : word.text.startsWith('--') ? begun : [];
  if (another) refuse(word.at, `${word.text} may be more than one option`, meant(word, names));
  return found ?? unknown(word, 'an option of conntrack', names);
}

/** A port, of a protocol that was named before. */
function portIn(word: Word, { protocol }: ConntrackFilter): number {
  if (protocol === null) refuse(word.at, 'conntrack takes ports after -p alone', 'say -p udp or -p tcp before them');
  return wholeNumber(word, 'a port', 0, 0xffff);
}

function addressIn(word: Word): number {
  return placed(word, parseIPv4);
}

function prefixIn(word: Word): Prefix {
  return word.text.includes('/') ? placed(word, parsePrefix) : { address: addressIn(word), length: 32 };
}

function placed<T>(word: Word, parse: (text: string) => T): T {
  try {
    return parse(word.text);
  } catch (error) {
    if (error instanceof LabError) return refuse(word.at, error.message, error.hint);
    throw error;
  }
}
