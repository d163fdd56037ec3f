/** Bob Jenkins' lookup3 hash as the kernel has it (include/linux/jhash.h). */

const base = 0xdeadbeef;

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function finish(first: number, second: number, third: number): number {
  let [a, b, c] = [first, second, third];
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

/** The hash of two words (jhash_2words), an unsigned 32-bit number. */
export function jhash2words(first: number, second: number, initial: number): number {
  const start = (initial + base + 8) | 0;
  return finish((first + start) | 0, (second + start) | 0, start);
}

/** The hash of any number of words (jhash2), an unsigned 32-bit number. */
export function jhashWords(words: readonly number[], initial: number): number {
  let a = (base + (words.length << 2) + initial) | 0;
  let [b, c] = [a, a];
  let place = 0;
  for (; words.length - place > 3; place += 3) {
    a = (a + (words[place] ?? 0)) | 0;
    b = (b + (words[place + 1] ?? 0)) | 0;
    c = (c + (words[place + 2] ?? 0)) | 0;
    a = ((a - c) ^ rotate(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rotate(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 4)) | 0;
    b = (b + a) | 0;
  }
  if (place === words.length) return c >>> 0;
  a = (a + (words[place] ?? 0)) | 0;
  b = (b + (words[place + 1] ?? 0)) | 0;
  c = (c + (words[place + 2] ?? 0)) | 0;
  return finish(a, b, c);
}
