import type { Location } from '../location.ts';
import { refuse } from '../refusal.ts';

export interface Token {
  /** `end` is the end of the input; `separator` a line's end or a semicolon. */
  readonly kind: 'word' | 'number' | 'address' | 'duration' | 'string' | 'variable' | 'sign' | 'separator' | 'end';
  /** Without the quotes of a string or the `$` of a variable; a separator's is `;` or a line's end. */
  readonly text: string;
  readonly at: Location;
  /** Offsets in the source, for the rule's own text. */
  readonly from: number;
  readonly to: number;
}

/** nft's input, and where each part of it stands. */
export interface Source {
  readonly text: string;
  readonly locate: (offset: number) => Location;
}

const shapes: readonly (readonly [Token['kind'] | 'blank', RegExp])[] = [
  ['blank', /(?:[ \t\r]|\\\n|#[^\n]*)+/y],
  ['separator', /[\n;]/y],
  ['string', /"([^"\n]*)"/y],
  ['variable', /\$([A-Za-z][A-Za-z0-9_./-]*)/y],
  ['address', /\d+\.\d+\.\d+\.\d+/y],
  ['number', /0x[0-9a-fA-F]+(?![A-Za-z0-9_])/y],
  ['duration', /(?:\d+(?:ms|[wdhms]))+(?![A-Za-z0-9_])/y],
  ['number', /\d+(?![A-Za-z0-9_])/y],
  ['word', /[A-Za-z][A-Za-z0-9_./\\-]*\*?|_[A-Za-z0-9_]+/y],
  ['sign', /==|!=|<=|>=|<<|>>|[{}(),:.=<>&|^/+*!@-]/y],
];

/** @throws LabError 'invalid' at the first character that begins nothing */
export function tokenize(source: Source): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < source.text.length) {
    const [kind, match] = read(source, offset);
    const to = offset + match[0].length;
    if (kind !== 'blank') {
      tokens.push({ kind, text: match[1] ?? match[0], at: source.locate(offset), from: offset, to });
    }
    offset = to;
  }
  return [...tokens, { kind: 'end', text: 'the end', at: source.locate(offset), from: offset, to: offset }];
}

function read({ text, locate }: Source, offset: number): readonly [Token['kind'] | 'blank', RegExpExecArray] {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = offset;
    const match = shape.exec(text);
    if (match) return [kind, match];
  }
  const [rest = ''] = /[^\s;]*/.exec(text.slice(offset)) ?? [];
  return refuse(locate(offset), `nft can't read ${JSON.stringify(rest)}`);
}
