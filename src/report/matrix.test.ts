import test from 'ava';
import fc from 'fast-check';
import { explainFailures } from './failures.ts';
import { junit } from './junit.ts';
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

test('a trial that the kernel lacks something for is told and counted, and neither passes nor fails', async (t) => {
  const [scenario] = sampleRun.scenarios;
  const [tried] = scenario!.trials;
  const lacks = 'nftables came with Linux 3.13';
  const trials = [tried!, { candidate: 'modern', variant: '', checks: [], lacks, milliseconds: 0 }];
  const run = { ...sampleRun, scenarios: [{ ...scenario!, trials }] };
  const read = await readTap(tapDocument(run));
  const shown = matrix(read, { color: false });
  t.regex(shown, /│ modern +│ not tried/);
  t.regex(shown, /│ not on this kernel +│/);
  t.regex(shown, /^19 checks as expected, 0 not, trials that this kernel lacks something for: 1; /m);
  t.regex(shown, /^ {2}modern: not on this kernel: nftables came with Linux 3\.13$/m);
  t.regex(tapDocument(run), /^ {4}ok 2 - modern # SKIP not on this kernel: nftables came with Linux 3\.13$/m);
  t.regex(junit(read), /skipped="1"/);
  t.regex(junit(read), /<skipped message="not on this kernel: nftables came with Linux 3\.13"\/>/);
  t.is(explainFailures(read, { color: false }), '');
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
