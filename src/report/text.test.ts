import test from 'ava';
import fc from 'fast-check';
import { printable, quoted, wrap } from './text.ts';

test('what does not print is shown as an escape', (t) => {
  t.is(
    printable('a\tb\n\u001b[31m\u007f\u009b\u202e\ud800 é🦊'),
    'a\\tb\\n\\u001b[31m\\u007f\\u009b\\u202e\\ud800 é🦊',
  );
});

test('printable text stays as it is', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => printable(printable(text)) === printable(text)));
  t.pass();
});

test('a quoted string is one line of JSON', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => JSON.parse(quoted(text)) === text));
  t.pass();
});

test('lines break between words', (t) => {
  t.deepEqual(wrap(['isp2', 'works', '!! expected', 'reply-source'], 16), [
    'isp2 works',
    ' !! expected',
    ' reply-source',
  ]);
  t.deepEqual(wrap([], 16), []);
});
