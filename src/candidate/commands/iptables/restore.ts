import type { NetfilterCommand, TableName } from '../netfilter.ts';
import type { Input } from '../nft/reader.ts';
import { refuse } from '../refusal.ts';
import type { Word } from '../word.ts';
import { builtInChains, presence, tableNamed, tableNames } from './builtin.ts';
import { readDumpLine } from './reader.ts';

/** Options without bearing here, and whether they take a value. */
const options: Readonly<Record<string, boolean>> = {
  ...{ '-c': false, '--counters': false, '-v': false, '--verbose': false, '-4': false },
  ...{ '-w': true, '--wait': true, '-W': true, '--wait-interval': true },
};

interface Wanted {
  readonly flush: boolean;
  /** `-t`: nothing is changed. */
  readonly test: boolean;
  /** `-T`: of this table alone. */
  readonly table: string | null;
}

/**
 * Reads `iptables-restore`: a dump, as iptables-save writes it. What a table's part says takes effect at its COMMIT.
 *
 * @param words the command itself first
 * @throws LabError 'invalid' with `file:line:column`
 */
export function readIptablesRestore(words: readonly Word[], input: Input): readonly NetfilterCommand[] {
  const wanted = readOptions(words.slice(1));
  const commands: NetfilterCommand[] = [];
  let table: TableName | null = null;
  let pending: NetfilterCommand[] = [];
  for (const [index, line] of input.text.split('\n').entries()) {
    const at = { ...input.at, line: input.at.line + index, column: index === 0 ? input.at.column : 1 };
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    if (text.startsWith('*')) {
      if (table) refuse(at, `table ${table.name} has no COMMIT before the next begins`);
      table = tableOf({ text: text.slice(1), at });
      pending = [...presence(table), ...(wanted.flush ? emptied(table) : [])];
    } else if (!table)
      refuse(at, `${JSON.stringify(text)} stands outside of a table`, 'a table begins with * and its name');
    else if (text === 'COMMIT') {
      if (!wanted.test && (wanted.table === null || wanted.table === table.name)) commands.push(...pending);
      table = null;
    } else if (text.startsWith(':')) pending.push(...chainOf({ text: text.slice(1), at }, table));
    else pending.push(...readDumpLine(splitLine(line, at), table));
  }
  if (table) refuse(input.at, `table ${table.name} has no COMMIT at its end`);
  return commands;
}

function readOptions(words: readonly Word[]): Wanted {
  let wanted: Wanted = { flush: true, test: false, table: null };
  const rest = [...words];
  for (let word = rest.shift(); word; word = rest.shift()) {
    const { text, at } = word;
    if (text === '-n' || text === '--noflush') wanted = { ...wanted, flush: false };
    else if (text === '-t' || text === '--test') wanted = { ...wanted, test: true };
    else if (text === '-T' || text === '--table') {
      const name = rest.shift() ?? refuse(at, `'${text}' lacks its value`);
      wanted = { ...wanted, table: tableOf(name).name };
    } else if (!Object.hasOwn(options, text)) {
      const hint = 'the dump is read from standard input';
      refuse(at, text.startsWith('-') ? `option '${text}' is unknown` : `the file '${text}' is not read here`, hint);
    } else if (options[text] && /^\d+$/.test(rest[0]?.text ?? '')) rest.shift();
  }
  return wanted;
}

function tableOf({ text, at }: Word): TableName {
  if (!tableNames.includes(text)) refuse(at, `iptables has no table '${text}'`, `tables are ${tableNames.join(', ')}`);
  return tableNamed(text);
}

function emptied(table: TableName): readonly NetfilterCommand[] {
  return [
    { kind: 'flush-table', table },
    { kind: 'delete-user-chains', table },
  ];
}

/** `:CHAIN POLICY [packets:bytes]`; the policy of a chain of one's own is `-`. */
function chainOf({ text, at }: Word, table: TableName): readonly NetfilterCommand[] {
  const [chain = '', policy = '', counters, ...more] = text.split(/\s+/);
  if (more.length > 0 || (counters !== undefined && !/^\[\d+:\d+\]$/.test(counters))) {
    refuse(at, `expected ':CHAIN POLICY [packets:bytes]', got ${JSON.stringify(`:${text}`)}`);
  }
  if (!builtInChains(table.name).includes(chain)) {
    if (chain === '' || policy !== '-')
      refuse(at, `chain '${chain}' of table ${table.name} has no policy`, "write '-'");
    return [
      { kind: 'add-chain', table, chain, base: null, mustBeNew: false },
      { kind: 'flush-chain', table, chain },
    ];
  }
  if (policy === '-') return [];
  if (policy !== 'ACCEPT' && policy !== 'DROP') return refuse(at, `expected ACCEPT or DROP, got '${policy}'`);
  return [{ kind: 'set-policy', table, chain, policy: policy === 'ACCEPT' ? 'accept' : 'drop' }];
}

/** The words of a dump's line; in double quotes, blanks are no ends. The counters before them say nothing here. */
function splitLine(line: string, at: Word['at']): readonly Word[] {
  const indent = line.length - line.trimStart().length;
  const counters = /^\[\d+:\d+\]\s*/.exec(line.trimStart())?.[0].length ?? 0;
  const start = indent + counters;
  const words: Word[] = [{ text: 'iptables', at }];
  for (const match of line.slice(start).matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|[^\s"']+/g)) {
    const text = match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? match[0];
    words.push({ text, at: { ...at, column: at.column + start + match.index } });
  }
  return words;
}
