import test from 'ava';
import fc from 'fast-check';
import { explainFailures } from './failures.ts';
import { matrix } from './matrix.ts';
import { anyRun, sampleRun } from './sample-run.ts';
import { readTap } from './tap-tree.ts';
import { tapDocument } from './tap.ts';

const report = await readTap(tapDocument(sampleRun));
const text = matrix(report, { color: false });

test('a cell names uplinks only where they differ', (t) => {
  t.regex(text, /│ source-rules +│ works +│ works +│/);
  t.regex(text, /│ default-route-only +│ isp1 works +│ isp1 works +│/);
  t.regex(text, /│ isp2 isp3 +│ isp2 isp3 +│/);
});

test('a variant is named below its candidate', (t) => {
  t.regex(text, /│ source-rules +│.*\n│ \(isp1 does not filter\) +│/);
});

test('an unexpected outcome is marked without colour', (t) => {
  t.regex(text, /│ {2}source-filtered +│/);
  t.regex(text, /!! expected +│/);
  t.regex(text, /│ 18\/19 as expected !!/);
});

test('numbers, causes and other failures follow', (t) => {
  t.regex(text, /^58 checks as expected, 16 not, errors: 1; an outcome alone/m);
  t.regex(text, /^ {2}reply-source +the reply left from another address/m);
  t.notRegex(text, /no-mapping/);
  t.regex(text, /^!! mark-connections: the log names no error: expected no line, found \\u001b\[31merror/m);
  t.regex(text, /^!! broken-script: error: up\.sh:3:1: exit status 2$/m);
});

test('six services fit on 140 columns', (t) => {
  const table = text.split('\n').filter((line) => /^[┌├└│]/.test(line));
  t.true(table.every((line) => line.length <= 140));
});

test('colour adds only colour', (t) => {
  // eslint-disable-next-line no-control-regex
  const plain = (coloured: string) => coloured.replace(/\u001b\[\d+m/g, '');
  t.not(matrix(report, { color: true }), text);
  t.is(plain(matrix(report, { color: true })), text);
});

test('no control character of any run reaches the terminal', async (t) => {
  const isSafe = async (run: Parameters<typeof tapDocument>[0]) => {
    const any = await readTap(tapDocument(run));
    const all = matrix(any, { color: false }) + explainFailures(any, { color: false });
    return !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(all.replaceAll('\n', ''));
  };
  await fc.assert(fc.asyncProperty(anyRun, isSafe));
  t.pass();
});
