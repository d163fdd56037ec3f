import test from 'ava';
import { explainFailures } from './failures.ts';
import { sampleRun } from './sample-run.ts';
import { readTap } from './tap-tree.ts';
import { tapDocument } from './tap.ts';

const report = await readTap(tapDocument(sampleRun));
const text = explainFailures(report, { color: false });

test('a failed cell is explained hop by hop', (t) => {
  const [first] = text.split('\n\n');
  t.is(
    first,
    [
      '!! three-uplinks > source-rules (isp1 does not filter) > ssh at isp2',
      '   expected  works: the client got its answer',
      "   found     source-filtered: the reply left by another uplink's line, whose ISP drops packets with a source that is not its customer's (BCP 38)",
      '   detail    the reply left isp1 from 203.0.113.2',
      '   verdict   answered, not accepted; arrived by isp2, left by isp1; from another address: source-filtered',
      '   request   client cgnat out 198.51.100.10:40001 > 203.0.114.2:1194 (UDP 14 bytes)',
      '             server isp2 in 198.51.100.10:40001 > 203.0.114.2:1194 (UDP 14 bytes)',
      '   reply     server isp1 out 203.0.113.2:1194 > 198.51.100.10:40001 (UDP 14 bytes)',
    ].join('\n'),
  );
});

test('a failed statement and a broken trial are explained', (t) => {
  t.true(text.includes('> the log names no error\n   expected  no line\n   found     \\u001b[31merror'));
  t.true(text.endsWith('> broken-script\n   error  up.sh:3:1: exit status 2\n   hint   see logs/server-up.log\n'));
});

test('there is a block for each failure, and nothing without one', (t) => {
  t.is(text.match(/^!! /gm)?.length, 17);
  const fine = { ...report, scenarios: report.scenarios.map((s) => ({ ...s, trials: s.trials.slice(0, 2) })) };
  t.is(explainFailures(fine, { color: true }), '');
});
