import type {
  ArithmeticExpression,
  HereDoc,
  ParameterExpansionPart,
  ParsedScript,
  Word as Parsed,
  WordPart,
} from 'unbash';
import { bareText, quotedText, strippedText, type Surroundings, unescapedOrigins } from './backslash.ts';
import { invalid, type Location, type Source } from './location.ts';
import type { Assignment, List, Operation, Part, Word } from './syntax.ts';

export interface WordReader {
  word(parsed: Parsed): Word;
  /** The right side of an assignment. */
  value(parsed: Parsed): Word;
  /** An assignment among the arguments of a command that declares variables. */
  declaration(assignment: Assignment, at: Location): Word;
  hereDocument(document: HereDoc): Word;
}

/**
 * Reads words as POSIX sh does.
 *
 * @param readList reads the script in a command substitution
 */
export function wordReader(source: Source, readList: (script: ParsedScript, source: Source) => List): WordReader {
  function word(parsed: Parsed, around: Surroundings = 'bare'): Word {
    const parts = partsOf(parsed.parts, parsed.pos, parsed.end, around);
    const at = source.at(parsed.pos);
    const [first] = parts;
    if (first?.kind === 'text' && !first.quoted && first.text.startsWith('~')) throw tilde(at);
    return { parts, at, declaration: false };
  }

  /** What is expanded or quoted, and as text what lies between. */
  function partsOf(parts: readonly WordPart[] = [], from: number, to: number, around: Surroundings): readonly Part[] {
    const read: Part[] = [];
    let reached = from;
    for (const part of parts) {
      if (part.type === 'Literal') continue;
      read.push(...textOf(reached, part.pos, around), ...partOf(part, around));
      reached = part.end;
    }
    return [...read, ...textOf(reached, to, around)];
  }

  function textOf(from: number, to: number, around: Surroundings): readonly Part[] {
    if (from >= to) return [];
    const raw = source.text.slice(from, to);
    if (around === 'bare') return bareText(raw);
    if (around !== 'stripped here-document') return [quotedText(raw, around)];
    return [quotedText(strippedText(raw, source.text[from - 1] === '\n'), around)];
  }

  function partOf(part: Exclude<WordPart, { type: 'Literal' }>, around: Surroundings): readonly Part[] {
    const at = source.at(part.pos);
    const quoted = around !== 'bare';
    switch (part.type) {
      case 'Glob':
      case 'BraceExpansion': // Of bash; sh takes braces for text.
        if (!part.parts) return textOf(part.pos, part.end, around);
        return partsOf(part.parts, part.pos, part.end, around);
      case 'SingleQuoted':
        // Only so in a here-document; in double quotes they are text, and here shells differ.
        if (around === 'operand') throw unsupportedQuotes(at);
        return [{ kind: 'text', text: part.value, quoted: true }];
      case 'DoubleQuoted':
        if (part.end - part.pos === 2) return [{ kind: 'text', text: '', quoted: true }];
        return partsOf(part.parts, part.pos + 1, part.end - 1, 'double quotes');
      case 'SimpleExpansion':
        if (goesOn(part)) throw invalid(at, 'a name over two lines is not supported', 'put it in braces');
        return [parameter(part.text.replaceAll('\\\n', '').slice(1), null, quoted, at)];
      case 'ParameterExpansion':
        return [parameter(part.parameter, operationOf(part, around, at), quoted, at)];
      case 'CommandExpansion':
        return [substitution(part, quoted)];
      case 'ArithmeticExpansion':
        if (!part.text.startsWith('$((')) throw notPosix(at, '$[…]', 'write $((…))');
        return [
          { kind: 'arithmetic', expression: arithmetic(part.expression, part.pos + 3, part.end - 2), quoted, at },
        ];
      case 'AnsiCQuoted':
        throw notPosix(at, "$'…'", 'use printf for characters that are hard to write');
      case 'LocaleString':
        throw notPosix(at, '$"…"', 'leave the $ out');
      case 'ProcessSubstitution':
        throw notPosix(at, `${part.operator}(…)`, 'use a pipe or a here-document');
      case 'ExtendedGlob':
        throw notPosix(at, `the pattern ${part.operator}(…)`, 'use case with several patterns');
    }
  }

  /** Whether a name would go on after a line that is continued: to sh it does, but the parser ends it there. */
  function goesOn({ text, end }: { readonly text: string; readonly end: number }): boolean {
    return /^\$[A-Za-z_]/.test(text) && /^(?:\\\n)+[A-Za-z0-9_]/.test(source.text.slice(end, end + 9));
  }

  function operationOf(part: ParameterExpansionPart, around: Surroundings, at: Location): Operation | null {
    const { operation, prefix } = part;
    if (part.index) throw notPosix(at, 'an array', 'use the positional parameters');
    if (prefix === '!' || (prefix === '#' && operation)) throw badExpansion(at, part.text);
    if (prefix === '#') return { kind: 'length' };
    switch (operation?.type) {
      case undefined:
        return null;
      case 'Default': {
        const kind = defaults[operation.operator.slice(-1) as keyof typeof defaults];
        const operand = word(operation.operand, around === 'bare' ? 'bare' : 'operand');
        return { kind, colon: operation.operator.startsWith(':'), word: operand };
      }
      case 'Remove': {
        const end = operation.operator.startsWith('#') ? 'prefix' : 'suffix';
        return { kind: 'remove', end, longest: operation.operator.length === 2, pattern: word(operation.operand) };
      }
      default:
        throw badExpansion(at, part.text);
    }
  }

  function substitution(part: { pos: number; script: ParsedScript | undefined }, quoted: boolean): Part {
    const at = source.at(part.pos);
    const { script } = part;
    if (!script) throw invalid(at, 'this command substitution cannot be read');
    const decoded = script.source;
    if (decoded === undefined) return { kind: 'command', body: readList(script, source), quoted, at };
    const origin = unescapedOrigins(source.text, part.pos + 1);
    const inner = { text: decoded, at: (offset: number) => source.at(origin(offset)) };
    return { kind: 'command', body: readList(script, inner), quoted, at };
  }

  /** Arithmetic is text with expansions in it: only what comes of them is read as an expression. */
  function arithmetic(expression: ArithmeticExpression | undefined, from: number, to: number): readonly Part[] {
    const read: Part[] = [];
    let reached = from;
    const textTo = (end: number): void => {
      const text = source.text.slice(reached, end).replaceAll('\\\n', '');
      const foreign = /["'`$\\]/.exec(text);
      if (foreign) throw invalid(source.at(reached), `${foreign[0]} in this arithmetic expression is not supported`);
      read.push({ kind: 'text', text, quoted: true });
    };
    for (const part of expression ? expansions(expression) : []) {
      textTo(part.pos);
      if (part.type === 'ArithmeticCommandExpansion') read.push(substitution(part, true));
      else if (part.type !== 'ArithmeticWord') read.push(...partOf(part, 'double quotes'));
      else read.push(parameter(part.value.slice(1), null, true, source.at(part.pos)));
      reached = part.end;
    }
    textTo(to);
    return read;
  }

  return {
    word,
    value: (parsed) => {
      const value = word(parsed);
      if (value.parts.some((part) => part.kind === 'text' && !part.quoted && part.text.includes(':~'))) {
        throw tilde(value.at);
      }
      return value;
    },
    declaration: ({ name, value }, at) => ({
      parts: [{ kind: 'text', text: `${name}=`, quoted: true }, ...value.parts],
      at,
      declaration: true,
    }),
    hereDocument: (document) => {
      const { body, delimiter, operator } = document;
      const at = source.at(body.pos);
      if (!delimiter || !document.closing) throw invalid(source.at(document.pos), 'this here-document does not end');
      const stripped = operator === '<<-';
      if (delimiter.quoted) {
        const raw = source.text.slice(body.pos, body.end);
        const text = stripped ? raw.replace(/(^|\n)\t+/g, '$1') : raw;
        return { parts: [{ kind: 'text', text, quoted: true }], at, declaration: false };
      }
      const around = stripped ? 'stripped here-document' : 'here-document';
      return { parts: partsOf(body.parts, body.pos, body.end, around), at, declaration: false };
    },
  };
}

const defaults = { '-': 'default', '=': 'assign', '?': 'require', '+': 'alternative' } as const;

function parameter(name: string, operation: Operation | null, quoted: boolean, at: Location): Part {
  if (!/^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?!])$/.test(name)) {
    throw invalid(
      at,
      `the parameter $${name} is not supported`,
      'supported are variables and $1 $2 … $@ $* $# $? $! $0',
    );
  }
  if (
    (operation && operation.kind !== 'length' && /^[@*#!]$/.test(name)) ||
    (operation?.kind === 'length' && /[@*!]/.test(name))
  ) {
    throw invalid(at, `an operation on $${name} is not supported`, 'POSIX leaves it open what it does');
  }
  return { kind: 'parameter', name, operation, quoted, at };
}

type Expansion = Exclude<WordPart, { type: 'Literal' }>;
type ArithmeticLeaf = Extract<ArithmeticExpression, { type: 'ArithmeticCommandExpansion' | 'ArithmeticWord' }>;

/** What is expanded in an arithmetic expression, in the order of the text. */
function expansions(expression: ArithmeticExpression): readonly (Expansion | ArithmeticLeaf)[] {
  switch (expression.type) {
    case 'ArithmeticBinary':
      return [...expansions(expression.left), ...expansions(expression.right)];
    case 'ArithmeticUnary':
      return expansions(expression.operand);
    case 'ArithmeticTernary':
      return [expression.test, expression.consequent, expression.alternate].flatMap(expansions);
    case 'ArithmeticGroup':
      return expansions(expression.expression);
    case 'ArithmeticCommandExpansion':
      return [expression];
    case 'ArithmeticWord':
      if (expression.parts) return expression.parts.filter((part) => part.type !== 'Literal');
      return /^\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!])$/.test(expression.value) ? [expression] : [];
  }
}

function notPosix(at: Location, what: string, instead: string): Error {
  return invalid(at, `${what} is not POSIX sh`, instead);
}

function badExpansion(at: Location, text: string): Error {
  const supported = '${x} ${#x} ${x:-…} ${x:=…} ${x:?…} ${x:+…} ${x#…} ${x##…} ${x%…} ${x%%…}';
  return invalid(at, `the expansion ${text} is not POSIX sh`, `supported are ${supported}, with or without the colon`);
}

function unsupportedQuotes(at: Location): Error {
  return invalid(at, 'single quotes in an expansion in a here-document are not supported', 'leave them out');
}

function tilde(at: Location): Error {
  return invalid(at, 'a tilde for a home folder is not supported', 'write the path, or quote the tilde');
}
