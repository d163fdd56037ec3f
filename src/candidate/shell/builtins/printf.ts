import { invalid } from '../location.ts';
import { BuiltinError, complain, type Shell, writeTo } from '../state.ts';
import type { Call } from './builtin.ts';
import { unescape } from './escapes.ts';

const conversion = /%(?:%|([-0]?)([0-9]{0,4})(?:\.([0-9]{1,4}))?([^]?))/g;
const supported = 'supported are %s %b %c %d %i %o %u %x %X %%, with - or 0, a width up to 9999, and %.3s %.3b';

/** `printf` (POSIX.1-2024, XCU 3): the format again and again until it has used up all arguments. */
export function printf(shell: Shell, { args: given, at, argAt }: Call): number {
  const [format, ...args] = given[0] === '--' ? given.slice(1) : given;
  if (format === undefined) throw new BuiltinError('usage: printf format [arg ...]');
  if (format === given[0] && /^-./.test(format)) throw new BuiltinError(`Illegal option ${format.slice(0, 2)}`);
  let status = 0;
  let used = 0;
  let text = '';
  const add = (piece: string): void => {
    shell.shared.spend(piece.length, at);
    text += piece;
  };
  const write = (): number => (writeTo(shell, 1, text) === null ? status : 1);
  const next = (): string => args[used++] ?? '';
  const nextNumber = (): bigint => {
    const { value, doubt } = readNumber(next());
    if (doubt !== '') {
      complain(shell, at, `printf: ${doubt}`);
      status = 1;
    }
    return value;
  };
  const addLiteral = (piece: string): void => {
    add(unescape(piece, 'format', argAt(0)).text);
  };

  do {
    const before = used;
    let reached = 0;
    for (const match of format.matchAll(conversion)) {
      const [whole, flags = '', width = '', precision, kind = ''] = match;
      addLiteral(format.slice(reached, match.index));
      reached = match.index + whole.length;
      const end = precision === undefined ? undefined : Number(precision);
      if (whole === '%%') add('%');
      else if (kind === 's') add(padded(next().slice(0, end), width, flags));
      else if (kind === 'c' && end === undefined) add(padded(next().slice(0, 1), width, flags));
      else if (kind === 'b') {
        const unescaped = unescape(next(), 'argument', at);
        add(padded(unescaped.text.slice(0, end), width, flags));
        if (unescaped.ended) return write();
      } else if (/^[diouxX]$/.test(kind) && end === undefined) {
        const number = inBase(nextNumber(), kind);
        add(padded(flags === '0' ? zeroPadded(number, Number(width)) : number, width, flags));
      } else throw invalid(argAt(0), `${whole} in a format is not supported`, supported);
    }
    addLiteral(format.slice(reached));
    if (used === before) break;
  } while (used < args.length);
  return write();
}

function padded(text: string, width: string, flags: string): string {
  return flags.includes('-') ? text.padEnd(Number(width)) : text.padStart(Number(width));
}

/** A number as C writes it, or the code of the character after a quote; `doubt`: what is wrong with it. */
function readNumber(text: string): { readonly value: bigint; readonly doubt: string } {
  if (/^["']/.test(text)) return { value: BigInt(text.codePointAt(1) ?? 0), doubt: '' };
  const [whole, sign, digits] = /^[ \t-\r]*([-+]?)(0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)/.exec(text) ?? [''];
  if (digits === undefined) return { value: 0n, doubt: text === '' ? '' : `${text}: expected numeric value` };
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  const value = sign === '-' ? -magnitude : magnitude;
  if (BigInt.asIntN(64, value) !== value) {
    const nearest = value < 0n ? -(2n ** 63n) : 2n ** 63n - 1n;
    return { value: nearest, doubt: `${text}: Numerical result out of range` };
  }
  return { value, doubt: whole.length < text.length ? `${text}: not completely converted` : '' };
}

function inBase(value: bigint, kind: string): string {
  if (kind === 'd' || kind === 'i') return String(value);
  const text = BigInt.asUintN(64, value).toString(kind === 'o' ? 8 : kind === 'u' ? 10 : 16);
  return kind === 'X' ? text.toUpperCase() : text;
}

function zeroPadded(number: string, width: number): string {
  return number.startsWith('-') ? `-${number.slice(1).padStart(width - 1, '0')}` : number.padStart(width, '0');
}
