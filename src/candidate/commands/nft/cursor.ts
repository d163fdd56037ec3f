import { refuse } from '../refusal.ts';
import type { Token } from './token.ts';

/** A place in the tokens, from which they are read one by one. Variables are put in as they are met. */
export interface Cursor {
  /** The next token, or one further on. */
  peek(ahead?: number): Token;
  next(): Token;
  /** Takes the next tokens if they are those words and signs (a string is neither). */
  accept(...texts: readonly string[]): boolean;
  /** Whether they are next. */
  sees(...texts: readonly string[]): boolean;
  /** Takes a token that must be that word or sign. */
  expect(text: string): Token;
  /** Takes a name: a word, whatever else it may mean. */
  name(what: string): string;
  /** Takes one of some words. */
  choice<Text extends string>(what: string, texts: readonly Text[]): Text;
  /** Takes a whole number from `from` to `to`. */
  number(what: string, from?: number, to?: number): number;
  /** Takes a text in quotes. */
  string(what: string): string;
  /** Takes a duration such as `1h30m`, in seconds. */
  duration(what: string): number;
  /** Whether a statement ends here. */
  atEnd(): boolean;
  skipLineEnds(): void;
  /** Passes over ends of statements, and tells whether another follows. */
  another(): boolean;
  /** Takes all that stands between braces, to be read later: it knows the same variables. */
  block(): Cursor;
  /** Gives a variable its value, for what is read from here on; null takes it away. */
  define(name: string, value: readonly Token[] | null): void;
  isDefined(name: string): boolean;
  /** Where the next token begins, and where the last one ended, as offsets in the source. */
  readonly from: number;
  readonly to: number;
}

const units: Readonly<Record<string, number>> = { w: 604800, d: 86400, h: 3600, m: 60, s: 1, ms: 0.001 };

export function cursorOver(given: readonly Token[], variables = new Map<string, readonly Token[]>()): Cursor {
  let tokens = given;
  let place = 0;
  let to = 0;
  const peek = (ahead = 0): Token => {
    const index = Math.min(place + ahead, tokens.length - 1);
    const token = tokens[index];
    if (!token) throw new Error('the tokens have no end');
    if (token.kind !== 'variable') return token;
    const value = variables.get(token.text);
    if (!value) return refuse(token.at, `no variable $${token.text} is defined`);
    const { from, to: end, at } = token;
    tokens = [
      ...tokens.slice(0, index),
      ...value.map((part) => ({ ...part, from, to: end, at })),
      ...tokens.slice(index + 1),
    ];
    return peek(ahead);
  };
  const next = (): Token => {
    const token = peek();
    if (token.kind !== 'end') place++;
    to = token.to;
    return token;
  };
  const is = (token: Token, text: string): boolean =>
    token.text === text && (token.kind === 'word' || token.kind === 'sign');
  const sees = (...texts: readonly string[]): boolean => texts.every((text, index) => is(peek(index), text));
  const atEnd = (): boolean => peek().kind === 'separator' || peek().kind === 'end' || sees('}');
  const block = (): Cursor => {
    const start = peek();
    if (!sees('{')) return unexpected(start, "'{'");
    const opened = place + 1;
    let depth = 0;
    do {
      const token = tokens[place];
      if (!token || token.kind === 'end') return refuse(start.at, "there is no '}' to this '{'");
      if (is(token, '{')) depth++;
      if (is(token, '}')) depth--;
      place++;
    } while (depth > 0);
    const last = tokens[place - 1] ?? start;
    to = last.to;
    return cursorOver([...tokens.slice(opened, place - 1), { ...last, kind: 'end' }], variables);
  };
  return {
    peek,
    block,
    next,
    sees,
    accept: (...texts) => {
      if (!sees(...texts)) return false;
      texts.forEach(next);
      return true;
    },
    expect: (text) => (sees(text) ? next() : unexpected(peek(), `'${text}'`)),
    name: (what) => (peek().kind === 'word' ? next().text : unexpected(peek(), what)),
    choice: (what, texts) => {
      const found = texts.find((text) => sees(text));
      if (found === undefined) return unexpected(peek(), `${what} (${texts.join(', ')})`);
      next();
      return found;
    },
    number: (what, from = 0, end = 0xffffffff) => {
      if (peek().kind !== 'number') return unexpected(peek(), what);
      const token = next();
      const value = Number(token.text);
      if (value < from || value > end) refuse(token.at, `expected ${what} from ${from} to ${end}, got ${token.text}`);
      return value;
    },
    string: (what) => (peek().kind === 'string' ? next().text : unexpected(peek(), `${what} in quotes`)),
    duration: (what) => {
      if (peek().kind !== 'duration') return unexpected(peek(), `${what} such as 30s or 1h30m`);
      const parts = next().text.matchAll(/(\d+)(ms|[wdhms])/g);
      return [...parts].reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? NaN), 0);
    },
    atEnd,
    another: () => {
      while (peek().kind === 'separator') next();
      return !atEnd();
    },
    skipLineEnds: () => {
      while (peek().kind === 'separator' && peek().text === '\n') next();
    },
    define: (name, value) => {
      if (value) variables.set(name, value);
      else variables.delete(name);
    },
    isDefined: (name) => variables.has(name),
    get from() {
      return peek().from;
    },
    get to() {
      return to;
    },
  };
}

/** Refuses a token where something else has to stand. */
export function unexpected(token: Token, expected: string, hint = ''): never {
  return refuse(token.at, `expected ${expected}, got ${shown(token)}`, hint);
}

/** A token as an error names it. */
export function shown(token: Token): string {
  if (token.kind === 'end') return 'the end of the input';
  if (token.kind === 'separator') return token.text === ';' ? "';'" : "the line's end";
  return token.kind === 'string' ? `"${token.text}"` : `'${token.text}'`;
}
