import { invalid, type Location } from '../location.ts';

/** What a backslash and a letter stand for (POSIX.1-2024, XBD 5). */
const letters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/**
 * Reads the escapes of a printf format, or of an argument that `echo` or `%b` writes: there, octal numbers begin with a
 * zero, and `\c` ends all output.
 */
export function unescape(text: string, where: 'format' | 'argument', at: Location): { text: string; ended: boolean } {
  const octal = where === 'format' ? /^[0-7]{1,3}/ : /^0[0-7]{0,3}|^[1-7][0-7]{0,2}/;
  let read = '';
  for (let index = text.indexOf('\\'), from = 0; ; from = index, index = text.indexOf('\\', from)) {
    if (index < 0) return { text: read + text.slice(from), ended: false };
    read += text.slice(from, index);
    const [digits] = octal.exec(text.slice(index + 1, index + 5)) ?? [];
    const next = text[index + 1] ?? '';
    if (where === 'argument' && next === 'c') return { text: read, ended: true };
    if (digits === undefined) read += letters[next] ?? `\\${next}`;
    else {
      const code = parseInt(digits, 8);
      if (code > 127) throw invalid(at, `\\${digits} is not ASCII and not supported`, 'write the character itself');
      read += String.fromCharCode(code);
    }
    index += 1 + (digits?.length ?? next.length);
  }
}
