import test from 'ava';
import { readShard } from './shard.ts';

test('a shard is a part of so many; without one, it is the whole', (t) => {
  t.deepEqual(readShard('2/5'), { index: 2, of: 5 });
  t.deepEqual(readShard(undefined), { index: 1, of: 1 });
});

for (const text of ['', '0/3', '4/3', '1', '1/', '/3', '1/0', '-1/3', '1.5/3', '1/3/5', 'a/b']) {
  test(`'${text}' is no shard`, (t) => {
    const error = t.throws(() => readShard(text), { code: 'invalid' });
    t.is(error.message, `--shard: expected I/N with I from 1 to N, such as 2/5, got '${text}'`);
  });
}
