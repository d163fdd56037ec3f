import type { Expression, Rule, Statement, TableName, Verdict } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Word } from '../word.ts';
import { builtInChains } from './builtin.ts';
import type { Extension, Option, Options, OptionShape } from './extension.ts';
import { impliedMatches, matches } from './matches.ts';
import { targets, unmodelledTargets } from './targets.ts';
import { constant, binary, formatNetwork, match, matchNetwork, readNetwork, readProtocol } from './value.ts';

/** What a rule was told, before it is known what it comes to. */
export interface Specification {
  /** Options of the rule itself, by their short names. */
  readonly own: ReadonlyMap<string, Option>;
  /** Its matches, in turn, and its target. */
  readonly extensions: readonly Loaded[];
  readonly verdict: Verdict | null;
  /** All its words. */
  readonly words: readonly Word[];
}

interface Loaded extends Options {
  readonly name: string;
  readonly extension: Extension;
  readonly all: Map<string, Option>;
}

/** A rule's options, read one by one as they come. */
export interface SpecificationReader {
  /** Takes an option with its values off the words that are left; false where it is none of a rule's. */
  take(word: Word, rest: Word[], invert: Word | null): boolean;
  finish(): Specification;
}

const ownOptions: Readonly<Record<string, OptionShape>> = {
  '-s': { values: 1, invertible: true },
  '-d': { values: 1, invertible: true },
  '-i': { values: 1, invertible: true },
  '-o': { values: 1, invertible: true },
  '-p': { values: 1, invertible: true },
  '-f': { values: 0, invertible: true },
  '-m': { values: 1, invertible: false },
  '-j': { values: 1, invertible: false },
  '-g': { values: 1, invertible: false },
  '-c': { values: 2, invertible: false },
};

export function specificationReader(): SpecificationReader {
  const own = new Map<string, Option>();
  const extensions: Loaded[] = [];
  const words: Word[] = [];
  let verdict: Verdict | null = null;

  const load = (name: string, extension: Extension, at: Word['at']): void => {
    extensions.push({ name, extension, at, all: new Map() });
  };
  const named = (name: string, word: Word): void => {
    const { text, at } = word;
    if (name === '-m') {
      const found = Object.hasOwn(matches, text) ? matches[text] : undefined;
      const hint = `matches are ${Object.keys(matches).sort().join(', ')}`;
      load(text, found ?? refuse(at, `match '${text}' is not modelled`, hint), at);
    } else if (name === '-g') verdict = { kind: 'goto', chain: text };
    else if (Object.hasOwn(targets, text)) load(text, targets[text] ?? refuse(at, `no target '${text}'`), at);
    else if (unmodelledTargets.includes(text)) {
      refuse(at, `target '${text}' is not modelled`, `targets are ${Object.keys(targets).sort().join(', ')}`);
    } else verdict = verdictNamed(text);
  };
  const take: SpecificationReader['take'] = (word, rest, invert) => {
    const core = Object.hasOwn(ownOptions, word.text) ? ownOptions[word.text] : undefined;
    const found = core ? { all: own, name: word.text, shape: core } : findOption(extensions, own, load, word);
    if (!found) return false;
    const { all, name, shape } = found;
    if (invert && !shape.invertible) refuse(invert.at, `'!' can't stand before '${word.text}'`);
    if (all.has(name) && name !== '-m') refuse(word.at, `'${word.text}' stands twice`);
    if ((name === '-j' && all.has('-g')) || (name === '-g' && all.has('-j')))
      refuse(word.at, "'-j' and '-g' are one too many");
    const values = rest.splice(0, shape.values);
    if (values.length < shape.values)
      refuse(word.at, `'${word.text}' lacks ${shape.values === 1 ? 'its value' : 'values'}`);
    all.set(name, { name, invert: invert !== null, values, at: word.at });
    words.push(...(invert ? [invert] : []), word, ...values);
    const [first] = values;
    if (first && ['-m', '-j', '-g'].includes(name)) {
      if (/^[-!]/.test(first.text)) refuse(first.at, `'${first.text}' stands where a name is expected`);
      named(name, first);
    }
    return true;
  };
  return { take, finish: () => ({ own, extensions, verdict, words }) };
}

/** Whose option it is: the extension that was named last comes first, then the match that the protocol brings along. */
function findOption(
  extensions: readonly Loaded[],
  own: ReadonlyMap<string, Option>,
  load: (name: string, extension: Extension, at: Word['at']) => void,
  word: Word,
): { all: Map<string, Option>; name: string; shape: OptionShape } | null {
  const among = (loaded: Loaded | undefined) => {
    const shape = loaded && Object.hasOwn(loaded.extension.options, word.text) && loaded.extension.options[word.text];
    return shape ? { all: loaded.all, name: shape.is ?? word.text, shape } : null;
  };
  for (const loaded of extensions.toReversed()) {
    const found = among(loaded);
    if (found) return found;
  }
  const implied = impliedMatches[protocolOf(own) ?? 0];
  const extension = implied === undefined ? undefined : matches[implied];
  if (!implied || !extension || !Object.hasOwn(extension.options, word.text)) return null;
  if (extensions.some(({ name }) => name === implied)) return null;
  load(implied, extension, word.at);
  return among(extensions.at(-1));
}

/** The one protocol that the rule is about. */
function protocolOf(own: ReadonlyMap<string, Option>): number | null {
  const option = own.get('-p');
  const [word] = option?.values ?? [];
  if (!option || option.invert || !word) return null;
  return readProtocol(word) || null;
}

function verdictNamed(name: string): Verdict {
  switch (name) {
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'DROP':
      return { kind: 'drop' };
    case 'RETURN':
      return { kind: 'return' };
    default:
      return { kind: 'jump', chain: name };
  }
}

/**
 * The rules that a specification comes to: one for each pair of the addresses that it lists.
 *
 * @throws LabError 'invalid' where it doesn't suit the table or the chain
 */
export function rulesOf(specification: Specification, table: TableName, chain: Word): readonly Rule[] {
  const { own, extensions, verdict, words } = specification;
  const rule = { protocol: protocolOf(own) };
  for (const loaded of extensions) requireSuitable(loaded, table, chain);
  for (const [option, chains] of [
    ['-i', ['OUTPUT', 'POSTROUTING']],
    ['-o', ['PREROUTING', 'INPUT']],
  ] as const) {
    const given = own.get(option);
    if (given && chains.some((name) => name === chain.text))
      refuse(given.at, `'${option}' has no meaning in ${chain.text}`);
  }
  const rest: readonly Statement[] = [
    ...readHeader(own),
    ...extensions.flatMap((loaded) => loaded.extension.read(loaded, rule)),
    ...(verdict ? [{ kind: 'verdict' as const, verdict }] : []),
  ];
  const at = words[0]?.at ?? chain.at;
  return networks(own.get('-s')).flatMap((source) =>
    networks(own.get('-d')).map((destination) => ({
      statements: [...matchSide('ip saddr', source), ...matchSide('ip daddr', destination), ...rest],
      text: textOf(words, source, destination),
      at,
    })),
  );
}

function requireSuitable({ name, extension, at }: Loaded, table: TableName, chain: Word): void {
  if (extension.tables && !extension.tables.includes(table.name)) {
    refuse(at, `'${name}' can't stand in table ${table.name}`, `it is for ${extension.tables.join(', ')}`);
  }
  const builtIn = builtInChains(table.name).includes(chain.text);
  if (extension.chains && builtIn && !extension.chains.includes(chain.text)) {
    refuse(at, `'${name}' can't stand in ${chain.text}`, `it is for ${extension.chains.join(', ')}`);
  }
}

type Side = { readonly network: { readonly address: number; readonly mask: number }; readonly option: Option } | null;

/** The networks that an option lists; one null where it wasn't given. */
function networks(option: Option | undefined): readonly Side[] {
  const [word] = option?.values ?? [];
  if (!option || !word) return [null];
  const texts = word.text.split(',');
  if (option.invert && texts.length > 1) refuse(option.at, "'!' takes one address, not several");
  return texts.map((text) => ({ network: readNetwork(word, text), option }));
}

function matchSide(field: 'ip saddr' | 'ip daddr', side: Side): readonly Statement[] {
  if (!side || (side.network.mask === 0 && !side.option.invert)) return [];
  return [matchNetwork({ kind: 'payload', field }, side.network, side.option.invert)];
}

function readHeader(own: ReadonlyMap<string, Option>): readonly Statement[] {
  const protocol = own.get('-p');
  const [name] = protocol?.values ?? [];
  const number = name ? readProtocol(name) : 0;
  if (protocol?.invert && number === 0) refuse(protocol.at, "'! -p all' would never match");
  const fragments = own.get('-f');
  const offset: Expression = { kind: 'payload', field: 'ip frag-off' };
  return [
    ...matchDevice('iifname', own.get('-i')),
    ...matchDevice('oifname', own.get('-o')),
    ...(protocol && number > 0
      ? [match({ kind: 'meta', key: 'l4proto' }, { kind: 'value', value: number }, protocol.invert)]
      : []),
    ...(fragments
      ? [match(binary(offset, '&', constant(0x1fff)), { kind: 'value', value: 0 }, !fragments.invert)]
      : []),
  ];
}

function matchDevice(key: 'iifname' | 'oifname', option: Option | undefined): readonly Statement[] {
  const [word] = option?.values ?? [];
  if (!option || !word) return [];
  const { text, at } = word;
  if (text === '' || text.length > 15) refuse(at, `'${text}' is no name of an interface: it has 1 to 15 characters`);
  if (text === '+') return option.invert ? refuse(option.at, "'! +' would never match") : [];
  const left: Expression = { kind: 'meta', key };
  if (!text.endsWith('+')) return [match(left, { kind: 'value', value: text }, option.invert)];
  return [match(left, { kind: 'name-prefix', prefix: text.slice(0, -1) }, option.invert)];
}

/** The words as they were, but with one address each where several were listed. */
function textOf(words: readonly Word[], ...sides: readonly Side[]): string {
  return words
    .map((word) => {
      const side = sides.find((one) => one?.option.values.includes(word));
      const text = side && word.text.includes(',') ? formatNetwork(side.network) : word.text;
      return /^[^\s"'\\]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
    })
    .join(' ');
}
