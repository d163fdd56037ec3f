import test from 'ava';
import { yamlLines } from './yaml.ts';

test('plain words stay plain, what some YAML takes for another type is quoted', (t) => {
  const words = { a: 'reply-source', b: 'no', c: 'off', d: '1e3', e: 'a: b', f: '', g: '~', h: 'isp1' };
  t.deepEqual(yamlLines(words), [
    'a: reply-source',
    'b: "no"',
    'c: "off"',
    'd: "1e3"',
    'e: "a: b"',
    'f: ""',
    'g: "~"',
    'h: isp1',
  ]);
});

test('mappings and lists nest', (t) => {
  t.deepEqual(yamlLines({ list: ['a', 'b c'], none: [], map: { yes: true, null: null, deep: { n: 1 } } }), [
    'list:',
    '  - a',
    '  - "b c"',
    'none: []',
    'map:',
    '  yes: true',
    '  null: null',
    '  deep:',
    '    n: 1',
  ]);
});
