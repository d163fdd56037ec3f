/** A 128-bit SipHash key as the two 64-bit words of the paper, each in 32-bit halves (unsigned, or signed: only the bits count). */
export interface SipHashKey {
  readonly k0: SipHashWord;
  readonly k1: SipHashWord;
}

/** A 64-bit word in two 32-bit halves; those that this module returns are unsigned. */
export interface SipHashWord {
  readonly high: number;
  readonly low: number;
}

// 'somepseudorandomlygeneratedbytes', the paper's initial state, in 32-bit halves.
const initial = [
  0x736f6d65, 0x70736575, 0x646f7261, 0x6e646f6d, 0x6c796765, 0x6e657261, 0x74656462, 0x79746573,
] as const;

/**
 * SipHash-2-4 of `data`: the keyed hash that the kernel picks multipath nexthops with (lib/siphash.c).
 *
 * Works on 32-bit halves, which is why a 64-bit word shows up here as two variables: the model hashes every packet, and a
 * bigint for each addition would cost a hundred times as much.
 *
 * Source: Aumasson and Bernstein, 'SipHash: a fast short-input PRF' (2012), section 2.
 */
export function sipHash24(key: SipHashKey, data: Uint8Array): SipHashWord {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const words = data.length >>> 3;
  let v0h = initial[0] ^ key.k0.high;
  let v0l = initial[1] ^ key.k0.low;
  let v1h = initial[2] ^ key.k1.high;
  let v1l = initial[3] ^ key.k1.low;
  let v2h = initial[4] ^ key.k0.high;
  let v2l = initial[5] ^ key.k0.low;
  let v3h = initial[6] ^ key.k1.high;
  let v3l = initial[7] ^ key.k1.low;

  // One step a word: the whole words, then the padded rest, then the finalisation, which takes no word and twice the rounds.
  for (let step = 0; step <= words + 1; step++) {
    let high = 0;
    let low = 0;
    let rounds = 2;
    if (step < words) {
      low = view.getInt32(step * 8, true);
      high = view.getInt32(step * 8 + 4, true);
    } else if (step === words) {
      low = littleEndian(view, step * 8, step * 8 + 4);
      high = littleEndian(view, step * 8 + 4, step * 8 + 7) | (data.length << 24);
    } else {
      v2l ^= 0xff;
      rounds = 4;
    }
    v3h ^= high;
    v3l ^= low;
    for (let round = 0; round < rounds; round++) {
      let carried = (v0l >>> 0) + (v1l >>> 0);
      let sum = (v0h + v1h + (carried > 0xffffffff ? 1 : 0)) | 0;
      // v0 += v1, v1 = rotl(v1, 13) ^ v0, v0 = rotl(v0, 32): the last is an exchange of the halves.
      let rotated = (v1h << 13) | (v1l >>> 19);
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ carried;
      v1h = rotated ^ sum;
      v0h = carried | 0;
      v0l = sum;
      // v2 += v3, v3 = rotl(v3, 16) ^ v2
      carried = (v2l >>> 0) + (v3l >>> 0);
      v2h = (v2h + v3h + (carried > 0xffffffff ? 1 : 0)) | 0;
      v2l = carried | 0;
      rotated = (v3h << 16) | (v3l >>> 16);
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = rotated ^ v2h;
      // v0 += v3, v3 = rotl(v3, 21) ^ v0
      carried = (v0l >>> 0) + (v3l >>> 0);
      v0h = (v0h + v3h + (carried > 0xffffffff ? 1 : 0)) | 0;
      v0l = carried | 0;
      rotated = (v3h << 21) | (v3l >>> 11);
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = rotated ^ v0h;
      // v2 += v1, v1 = rotl(v1, 17) ^ v2, v2 = rotl(v2, 32)
      carried = (v2l >>> 0) + (v1l >>> 0);
      sum = (v2h + v1h + (carried > 0xffffffff ? 1 : 0)) | 0;
      rotated = (v1h << 17) | (v1l >>> 15);
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ carried;
      v1h = rotated ^ sum;
      v2h = carried | 0;
      v2l = sum;
    }
    v0h ^= high;
    v0l ^= low;
  }
  return { high: (v0h ^ v1h ^ v2h ^ v3h) >>> 0, low: (v0l ^ v1l ^ v2l ^ v3l) >>> 0 };
}

/** The at most four bytes from `start` up to `end`, as far as there are any, least significant first. */
function littleEndian(view: DataView, start: number, end: number): number {
  let value = 0;
  for (let at = Math.min(end, view.byteLength) - 1; at >= start; at--) value = (value << 8) | view.getUint8(at);
  return value;
}
