import test from 'ava';
import { jhash2words, jhashWords } from './jhash.ts';

// Made by the kernel's include/linux/jhash.h, compiled and run: jhash_2words(0x91a756fa, 0, 0) is what a forwarded packet's
// hash is under fib_multipath_hash_policy 3.
test('two words are hashed as the kernel hashes them', (t) => {
  t.is(jhash2words(0x91a756fa, 0, 0), 0xa78b8e6d);
});

test('two words are a case of any number of words', (t) => {
  for (const [first, second, initial] of [
    [0, 0, 0],
    [1, 2, 3],
    [0xffffffff, 0x80000000, 0x12345678],
  ] as const) {
    t.is(jhash2words(first, second, initial), jhashWords([first, second], initial));
  }
});
