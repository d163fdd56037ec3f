import { ArithmeticError, evaluateArithmetic } from './arithmetic.ts';
import { invalid, type Location } from './location.ts';
import { expandPathname } from './pathname.ts';
import {
  compilePattern,
  isPattern,
  matchingPrefixes,
  matchingSuffixes,
  type Pattern,
  type PatternPiece,
} from './pattern.ts';
import type { Job } from './process.ts';
import { type Field, type Piece, splitFields } from './split.ts';
import { assign, fail, nested, separators, type Shell, valueOf } from './state.ts';
import { bufferOutput } from './streams.ts';
import { runSubshell } from './subshell.ts';
import type { Operation, Part, Word } from './syntax.ts';

type Parameter = Extract<Part, { kind: 'parameter' }>;

/** A word as an argument: expanded, split into fields, and those that are patterns replaced by the paths that they match. */
export function* expandFields(shell: Shell, word: Word): Job<readonly string[]> {
  if (word.declaration) return [yield* expandText(shell, word)];
  const fields = splitFields(yield* expandWord(shell, word, true), separators(shell));
  return fields.flatMap((field) => pathnames(shell, field, word.at));
}

/** A word as one text: the value of an assignment, the target of a redirection, a here-document. */
export function* expandText(shell: Shell, word: Word): Job<string> {
  return joined(yield* expandWord(shell, word, false))
    .map(({ text }) => text)
    .join('');
}

/** A word as a pattern, for `case` and `${x#…}`. */
export function* expandPattern(shell: Shell, word: Word): Job<Pattern> {
  return compilePattern(joined(yield* expandWord(shell, word, false)));
}

function pathnames(shell: Shell, field: Field, at: Location): readonly string[] {
  const text = field.map((piece) => piece.text).join('');
  if (shell.options.has('f') || !isPattern(field)) return [text];
  const { machine } = shell.shared;
  const found = expandPathname(field, (folder) => {
    shell.shared.spend(text.length, at);
    return machine.list(folder);
  });
  if (found === null) {
    throw invalid(at, `${text} stands for files in the working folder, which is not known here`, 'quote it');
  }
  return found.length > 0 ? found : [text];
}

function* expandWord(shell: Shell, { parts, at }: Word, splitting: boolean): Job<readonly Piece[]> {
  const pieces = yield* expandParts(shell, parts, splitting);
  const characters = pieces.reduce((sum, piece) => sum + (piece.kind === 'text' ? piece.text.length : 0), 0);
  shell.shared.spend(characters + 64 * pieces.length, at);
  return pieces;
}

/** @param splitting whether the word is split afterwards, so that the fields of `$*` stay apart */
function* expandParts(shell: Shell, parts: readonly Part[], splitting: boolean): Job<readonly Piece[]> {
  const pieces: Piece[] = [];
  for (const part of parts) {
    const { quoted } = part;
    switch (part.kind) {
      case 'text':
        pieces.push({ kind: 'text', text: part.text, quoted, split: false });
        break;
      case 'command':
        pieces.push({ kind: 'text', text: yield* substitute(shell, part), quoted, split: !quoted });
        break;
      case 'arithmetic':
        pieces.push({ kind: 'text', text: yield* calculate(shell, part), quoted, split: !quoted });
        break;
      case 'parameter':
        pieces.push(...(yield* expandParameter(shell, part, splitting)));
        break;
    }
  }
  return pieces;
}

function* expandParameter(shell: Shell, part: Parameter, splitting: boolean): Job<readonly Piece[]> {
  const { name, operation, quoted, at } = part;
  const text = (value: string): readonly Piece[] => [{ kind: 'text', text: value, quoted, split: !quoted }];
  if (name === '@' || name === '*') return expandPositional(shell, part, splitting);
  const value = valueOf(shell, name, at);
  switch (operation?.kind) {
    case 'default':
    case 'assign':
    case 'require':
    case 'alternative': {
      const missing = value === undefined || (operation.colon && value === '');
      if (operation.kind === 'alternative')
        return missing ? text('') : yield* operand(shell, part, operation.word, splitting);
      return missing ? yield* withoutValue(shell, part, operation, splitting) : text(value);
    }
    case undefined:
    case 'length':
    case 'remove': {
      if (value === undefined && shell.options.has('u')) fail(shell, at, `${name}: parameter not set`);
      if (operation?.kind === 'length') return text(String((value ?? '').length));
      return text(operation ? yield* remove(shell, value ?? '', operation, at) : (value ?? ''));
    }
  }
}

function expandPositional(shell: Shell, { name, quoted }: Parameter, splitting: boolean): readonly Piece[] {
  const joiner = separators(shell).slice(0, 1);
  if (name === '*' && quoted) return [{ kind: 'text', text: shell.positional.join(joiner), quoted, split: false }];
  return shell.positional.flatMap((value, index) => [
    ...(index > 0 ? [{ kind: 'boundary' as const, joiner }] : []),
    { kind: 'text' as const, text: value, quoted, split: splitting && !quoted },
  ]);
}

function* withoutValue(
  shell: Shell,
  part: Parameter,
  { kind, word, colon }: Extract<Operation, { kind: 'default' | 'assign' | 'require' | 'alternative' }>,
  splitting: boolean,
): Job<readonly Piece[]> {
  const { name, quoted, at } = part;
  if (kind === 'default' || kind === 'alternative') return yield* operand(shell, part, word, splitting);
  const text = yield* nested(shell, at, () => expandText(shell, word));
  if (kind === 'require') fail(shell, at, `${name}: ${text || `parameter not set${colon ? ' or null' : ''}`}`);
  if (!/^[A-Za-z_]/.test(name)) fail(shell, at, `${name}: bad variable name`);
  assign(shell, name, text, at);
  return [{ kind: 'text', text, quoted, split: !quoted }];
}

/** The word in `${x:-word}`: outside of quotes, its own text is split like the value it stands for. */
function* operand(shell: Shell, { quoted, at }: Parameter, word: Word, splitting: boolean): Job<readonly Piece[]> {
  if (quoted && word.parts.length === 0) return [{ kind: 'text', text: '', quoted, split: false }];
  const pieces = yield* nested(shell, at, () => expandParts(shell, word.parts, splitting));
  return pieces.map((piece) => (piece.kind === 'text' ? { ...piece, split: !piece.quoted } : piece));
}

function* remove(
  shell: Shell,
  value: string,
  { pattern, end, longest }: Extract<Operation, { kind: 'remove' }>,
  at: Location,
): Job<string> {
  const compiled = yield* nested(shell, at, () => expandPattern(shell, pattern));
  shell.shared.spend(compiled.length * value.length, at);
  if (end === 'prefix') {
    const prefixes = matchingPrefixes(compiled, value);
    return value.slice(Math.max(0, longest ? prefixes.lastIndexOf(true) : prefixes.indexOf(true)));
  }
  const suffixes = matchingSuffixes(compiled, value);
  const from = longest ? suffixes.indexOf(true) : suffixes.lastIndexOf(true);
  return from < 0 ? value : value.slice(0, from);
}

function* substitute(shell: Shell, { body, at }: Extract<Part, { kind: 'command' }>): Job<string> {
  const { shared } = shell;
  const output = bufferOutput((characters) => {
    shared.spend(characters, at);
  });
  shell.substituted = yield* runSubshell(shell, body, false, at, [[1, output]]);
  yield* output.closed();
  const text = output.text();
  let end = text.length;
  while (text[end - 1] === '\n') end--;
  return text.slice(0, end);
}

function* calculate(shell: Shell, { expression, at }: Extract<Part, { kind: 'arithmetic' }>): Job<string> {
  const text = (yield* expandParts(shell, expression, false))
    .map((piece) => (piece.kind === 'text' ? piece.text : piece.joiner))
    .join('');
  shell.shared.spend(text.length, at);
  try {
    const value = evaluateArithmetic(text, {
      get: (name) => valueOf(shell, name, at),
      set: (name, value) => {
        assign(shell, name, value, at);
      },
    });
    return String(value);
  } catch (error) {
    if (error instanceof ArithmeticError) fail(shell, at, error.message);
    throw error;
  }
}

function joined(pieces: readonly Piece[]): readonly PatternPiece[] {
  return pieces.map((piece) => (piece.kind === 'text' ? piece : { text: piece.joiner, quoted: true }));
}
