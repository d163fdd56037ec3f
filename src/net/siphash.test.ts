import test from 'ava';
import fc from 'fast-check';
import { sipHash24, type SipHashKey } from './siphash.ts';

const mask = 0xffffffffffffffffn;

/** The paper's definition once more, in bigint and without a care for speed: the oracle. */
function oracle(k0: bigint, k1: bigint, data: Uint8Array): bigint {
  let v: [bigint, bigint, bigint, bigint] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & mask;
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      let [a, b, c, d] = v;
      a = (a + b) & mask;
      b = rotate(b, 13n) ^ a;
      a = rotate(a, 32n);
      c = (c + d) & mask;
      d = rotate(d, 16n) ^ c;
      a = (a + d) & mask;
      d = rotate(d, 21n) ^ a;
      c = (c + b) & mask;
      b = rotate(b, 17n) ^ c;
      c = rotate(c, 32n);
      v = [a, b, c, d];
    }
  };
  const padded = new Uint8Array((Math.floor(data.length / 8) + 1) * 8);
  padded.set(data);
  padded[padded.length - 1] = data.length & 0xff;
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const word = view.getBigUint64(at, true);
    v[3] ^= word;
    rounds(2);
    v[0] ^= word;
  }
  v[2] ^= 0xffn;
  rounds(4);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

function keyOf(k0: bigint, k1: bigint): SipHashKey {
  const word = (k: bigint) => ({ high: Number(k >> 32n), low: Number(k & 0xffffffffn) });
  return { k0: word(k0), k1: word(k1) };
}

function hash(k0: bigint, k1: bigint, data: Uint8Array): bigint {
  const { high, low } = sipHash24(keyOf(k0, k1), data);
  return (BigInt(high) << 32n) | BigInt(low);
}

// Key 00 01 … 0f, read as the paper does, least significant byte first.
const paperKey = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n] as const;

test('gives the published result for key 00..0f and message 00..0e (appendix A of the paper)', (t) => {
  t.is(
    hash(
      ...paperKey,
      Uint8Array.from({ length: 15 }, (_, i) => i),
    ),
    0xa129ca6149be45e5n,
  );
});

test('agrees with the definition for messages of 0 to 64 bytes under the same key', (t) => {
  for (let length = 0; length <= 64; length++) {
    const message = Uint8Array.from({ length }, (_, i) => i);
    t.is(hash(...paperKey, message), oracle(...paperKey, message), `length ${length}`);
  }
});

test('agrees with the definition for any key and message', (t) => {
  fc.assert(
    fc.property(fc.bigInt(0n, mask), fc.bigInt(0n, mask), fc.uint8Array({ maxLength: 300 }), (k0, k1, data) => {
      t.is(hash(k0, k1, data), oracle(k0, k1, data));
    }),
  );
});

test('reads a view into a larger buffer, and no byte beside it', (t) => {
  const around = Uint8Array.from({ length: 40 }, (_, i) => i * 7);
  for (let length = 0; length <= 20; length++) {
    t.is(hash(...paperKey, around.subarray(5, 5 + length)), hash(...paperKey, around.slice(5, 5 + length)));
  }
});
