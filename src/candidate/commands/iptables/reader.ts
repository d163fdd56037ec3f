import type { NetfilterCommand, Rule, TableName } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Word } from '../word.ts';
import { builtInChains, presence, tableNamed, tableNames } from './builtin.ts';
import { rulesOf, specificationReader, type Specification } from './rule.ts';
import { targets, unmodelledTargets } from './targets.ts';
import { readNumber } from './value.ts';

/** Other names of options, by the one that is used here. */
const longNames: Readonly<Record<string, string>> = {
  ...{ '--append': '-A', '--insert': '-I', '--delete': '-D', '--replace': '-R', '--check': '-C', '--list': '-L' },
  ...{
    '--list-rules': '-S',
    '--flush': '-F',
    '--zero': '-Z',
    '--new-chain': '-N',
    '--new': '-N',
    '--delete-chain': '-X',
  },
  ...{
    '--policy': '-P',
    '--rename-chain': '-E',
    '--table': '-t',
    '--source': '-s',
    '--src': '-s',
    '--destination': '-d',
  },
  ...{ '--dst': '-d', '--in-interface': '-i', '--out-interface': '-o', '--protocol': '-p', '--proto': '-p' },
  ...{ '--fragment': '-f', '--match': '-m', '--jump': '-j', '--goto': '-g', '--set-counters': '-c', '--wait': '-w' },
  ...{ '--wait-interval': '-W', '--numeric': '-n', '--verbose': '-v', '--exact': '-x', '--ipv4': '-4', '--ipv6': '-6' },
};

/** How many words a command takes: those it must have, and those it may have besides. */
const commands: Readonly<Record<string, { readonly must: number; readonly may: number; readonly rule: boolean }>> = {
  '-A': { must: 1, may: 0, rule: true },
  '-I': { must: 1, may: 1, rule: true },
  '-D': { must: 1, may: 1, rule: true },
  '-R': { must: 2, may: 0, rule: true },
  '-C': { must: 1, may: 0, rule: true },
  '-L': { must: 0, may: 2, rule: false },
  '-S': { must: 0, may: 2, rule: false },
  '-F': { must: 0, may: 1, rule: false },
  '-Z': { must: 0, may: 1, rule: false },
  '-N': { must: 1, may: 0, rule: false },
  '-X': { must: 0, may: 1, rule: false },
  '-P': { must: 2, may: 0, rule: false },
  '-E': { must: 2, may: 0, rule: false },
};

interface Request {
  readonly command: Word;
  readonly values: readonly Word[];
  readonly table: TableName;
  readonly specification: Specification;
  readonly lineNumbers: boolean;
}

/**
 * Reads `iptables`: first what makes its table be there, then what it changes or asks.
 *
 * @param words the command itself first
 * @throws LabError 'invalid' with `file:line:column` for what iptables refuses as well, and for what isn't modelled
 */
export function readIptables(words: readonly Word[]): readonly NetfilterCommand[] {
  const request = readRequest(words, null);
  return [...presence(request.table), ...commandsOf(request)];
}

/** One line of a dump, in the table that it stands in. */
export function readDumpLine(words: readonly Word[], table: TableName): readonly NetfilterCommand[] {
  return commandsOf(readRequest(words, table));
}

function readRequest([name, ...words]: readonly Word[], given: TableName | null): Request {
  const rest = words.flatMap(split);
  const specification = specificationReader();
  let command: { readonly word: Word; readonly values: readonly Word[] } | null = null;
  let table = given;
  let lineNumbers = false;
  let invert: Word | null = null;
  for (let word = rest.shift(); word; word = rest.shift()) {
    if (word.text === '!') {
      if (invert) refuse(word.at, "'!' stands twice");
      invert = word;
      continue;
    }
    const option: Word = { ...word, text: longNames[word.text] ?? word.text };
    const shape = Object.hasOwn(commands, option.text) ? commands[option.text] : undefined;
    if (specification.take(option, rest, invert)) invert = null;
    else if (invert) refuse(invert.at, `'!' can't stand before '${word.text}'`);
    else if (shape) {
      if (command) refuse(word.at, `'${word.text}' is a command too many after '${command.word.text}'`);
      command = { word: option, values: commandValues(option, shape, rest) };
    } else if (option.text === '-t') table = readTable(option, rest, given);
    else if (option.text === '--line-numbers') lineNumbers = true;
    else if (option.text === '-w' || option.text === '-W') {
      if (/^\d+$/.test(rest[0]?.text ?? '')) rest.shift();
    } else if (!['-n', '-v', '-x', '-4'].includes(option.text)) refuseWord(word);
  }
  if (invert) refuse(invert.at, "nothing stands after '!'");
  const last = name ?? refuse({ file: '', line: 0, column: 0 }, 'a command has a name');
  const { word, values } =
    command ?? refuse(last.at, 'iptables was given no command', `commands are ${Object.keys(commands).join(' ')}`);
  const finished = specification.finish();
  const [extra] = finished.words;
  if (extra && !commands[word.text]?.rule) refuse(extra.at, `'${extra.text}' has no meaning with '${word.text}'`);
  return { command: word, values, table: table ?? tableNamed('filter'), specification: finished, lineNumbers };
}

/** `-tnat` is `-t nat`, `-nvL` is `-n -v -L`; `--dport=80` is `--dport 80`. */
function split(word: Word): readonly Word[] {
  const part = (text: string): Word => ({ text, at: word.at });
  const long = /^(--[a-z-]+)=(.*)$/s.exec(word.text);
  if (long) return [part(long[1] ?? ''), part(long[2] ?? '')];
  const flags = /^-([nvx46]+)(.+)?$/.exec(word.text);
  const single = Array.from(flags?.[1] ?? '', (letter) => part(`-${letter}`));
  if (flags) return flags[2] ? [...single, ...split(part(`-${flags[2]}`))] : single;
  const joined = /^(-[a-zA-Z])([^-].*)$/s.exec(word.text);
  return joined ? [part(joined[1] ?? ''), part(joined[2] ?? '')] : [word];
}

function commandValues(
  word: Word,
  { must, may, rule }: { readonly must: number; readonly may: number; readonly rule: boolean },
  rest: Word[],
): readonly Word[] {
  const isValue = (next: Word | undefined): boolean => next !== undefined && !/^[-!]/.test(next.text);
  const values: Word[] = [];
  while (values.length < must + may && isValue(rest[0])) {
    const [next] = rest.splice(0, 1);
    if (next) values.push(next);
  }
  const wanted = rule ? 'a chain' : 'values';
  return values.length < must
    ? refuse(word.at, `'${word.text}' needs ${must === 1 ? wanted : `${must} values`}`)
    : values;
}

function readTable(option: Word, rest: Word[], given: TableName | null): TableName {
  if (given) refuse(option.at, "'-t' can't stand within a dump", 'its tables begin with *');
  const word = rest.shift() ?? refuse(option.at, "'-t' lacks its value");
  if (!tableNames.includes(word.text))
    refuse(word.at, `iptables has no table '${word.text}'`, `tables are ${tableNames.join(', ')}`);
  return tableNamed(word.text);
}

function refuseWord({ text, at }: Word): never {
  if (text === '-6') refuse(at, 'IPv6 is not modelled');
  if (text.startsWith('-')) refuse(at, `option '${text}' is unknown, or of a match that wasn't named before it`);
  return refuse(at, `'${text}' stands where an option is expected`);
}

function commandsOf(request: Request): readonly NetfilterCommand[] {
  const { command, values, table, specification, lineNumbers } = request;
  const [chain, second] = values;
  const own = chain !== undefined && builtInChains(table.name).includes(chain.text);
  if (!chain) {
    switch (command.text) {
      case '-F':
        return [{ kind: 'flush-table', table }];
      case '-X':
        return [{ kind: 'delete-user-chains', table }];
      case '-Z':
        return [{ kind: 'zero-counters', table, chain: null }];
      default:
        return [{ kind: 'list-rules', table, chain: null, rule: null, as: listedAs(command), lineNumbers }];
    }
  }
  const name = requireName(chain);
  const rules = (): readonly Rule[] => rulesOf(specification, table, chain);
  switch (command.text) {
    case '-A':
      return rules().map((rule) => ({ kind: 'add-rule', table, chain: name, rule, place: 'end' }));
    case '-I':
      return inserted(rules(), table, name, second ? readIndex(second) : 0);
    case '-D':
      if (second) {
        const [extra] = specification.words;
        if (extra) refuse(extra.at, 'a rule is deleted by its number or by what it says, not both');
        return [deletion(table, name, { kind: 'index', index: readIndex(second) })];
      }
      return rules().map((rule) => deletion(table, name, { kind: 'same', rule }));
    case '-R': {
      const [rule, more] = rules();
      if (!rule || more) return refuse(chain.at, "'-R' takes one rule: one address each for -s and -d");
      const replaced = { kind: 'index', index: second ? readIndex(second) : 0 } as const;
      return [{ kind: 'replace-rule', table, chain: name, replaced, rule }];
    }
    case '-C':
      return rules().map((rule) => ({ kind: 'check-rule', table, chain: name, rule }));
    case '-L':
    case '-S':
      return [
        {
          kind: 'list-rules',
          table,
          chain: name,
          rule: second ? readIndex(second) : null,
          as: listedAs(command),
          lineNumbers,
        },
      ];
    case '-F':
      return [{ kind: 'flush-chain', table, chain: name }];
    case '-Z':
      return [{ kind: 'zero-counters', table, chain: name }];
    case '-N':
      if (own || isTarget(name)) refuse(chain.at, `'${name}' can't be the name of a new chain: iptables has it`);
      return [{ kind: 'add-chain', table, chain: name, base: null, mustBeNew: true }];
    case '-X':
      if (own) refuse(chain.at, `chain ${name} is the kernel's own and can't be deleted`);
      return [{ kind: 'delete-chain', table, chain: name, mustExist: true }];
    case '-E':
      if (own) refuse(chain.at, `chain ${name} is the kernel's own and can't be renamed`);
      return second ? [{ kind: 'rename-chain', table, chain: name, to: requireName(second) }] : [];
    default: {
      const policy = second?.text;
      if (!own)
        refuse(
          chain.at,
          `chain ${name} has no policy`,
          `in table ${table.name}: ${builtInChains(table.name).join(', ')}`,
        );
      if (policy !== 'ACCEPT' && policy !== 'DROP')
        return refuse(second?.at ?? chain.at, `expected ACCEPT or DROP, got '${policy ?? ''}'`);
      return [{ kind: 'set-policy', table, chain: name, policy: policy === 'ACCEPT' ? 'accept' : 'drop' }];
    }
  }
}

const listedAs = ({ text }: Word): 'table' | 'commands' => (text === '-L' ? 'table' : 'commands');
const isTarget = (name: string): boolean =>
  ['ACCEPT', 'DROP', 'RETURN', ...Object.keys(targets), ...unmodelledTargets].includes(name);

function deletion(
  table: TableName,
  chain: string,
  rule: Extract<NetfilterCommand, { kind: 'delete-rule' }>['rule'],
): NetfilterCommand {
  return { kind: 'delete-rule', table, chain, rule, mustExist: true };
}

/** At index 0, before all; else after the rule before it, which has to be there. Several keep their order. */
function inserted(rules: readonly Rule[], table: TableName, chain: string, index: number): readonly NetfilterCommand[] {
  return rules.map((rule, number) => {
    const before = index + number - 1;
    const place = before < 0 ? 'start' : ({ side: 'after', rule: { kind: 'index', index: before } } as const);
    return { kind: 'add-rule', table, chain, rule, place };
  });
}

/** A rule's number, from 1, as an index from 0. */
function readIndex(word: Word): number {
  return readNumber(word, "a rule's number", 0xffffffff, 1) - 1;
}

function requireName({ text, at }: Word): string {
  if (text.length > 28 || /[\s/]/.test(text)) refuse(at, `'${text}' is no name of a chain: it has up to 28 characters`);
  return text;
}
