import { sipHash24 } from '../net/siphash.ts';

/** Numbers that are random to those who don't know the seed, and the same for those who do. */
export interface Random {
  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number;
  /** A number from 0 to below 1. */
  fraction(): number;
}

/** A stream of numbers; streams with different names have nothing to do with each other. */
export function createRandom(seed: number, name: string): Random {
  const label = Array.from(name, (character) => character.codePointAt(0) ?? 0);
  const block = new Uint8Array(8 + label.length * 2);
  const view = new DataView(block.buffer);
  for (const [index, code] of label.entries()) view.setUint16(8 + index * 2, code & 0xffff);
  const word = { high: 0, low: seed >>> 0 };
  let count = 0;
  const next = (): number => {
    view.setUint32(0, Math.floor(count / 2 ** 32));
    view.setUint32(4, count >>> 0);
    count += 1;
    return sipHash24({ k0: word, k1: word }, block).low;
  };
  const fraction = (): number => next() / 2 ** 32;
  return { fraction, below: (bound) => Math.floor(fraction() * bound) };
}
