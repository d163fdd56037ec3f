import test from 'ava';
import fc from 'fast-check';
import { sampleRun, anyRun } from './sample-run.ts';
import { tapDocument } from './tap.ts';

const lines = tapDocument(sampleRun).split('\n');

test('a document is version, plan, facts, then points', (t) => {
  t.deepEqual(lines.slice(0, 9), [
    'TAP version 14',
    '1..1',
    '# backend: kernel',
    '# kernel: 6.8.0-45-generic',
    '# profile: debian',
    '# seed: 7',
    '# startedAt: 2025-01-02T03:04:05.000Z',
    '# milliseconds: 9876',
    '# Subtest: three-uplinks',
  ]);
});

test('a check is a point with its verdict and journey', (t) => {
  const start = lines.indexOf('        ok 3 - openvpn-udp at isp2 fails by reply-source');
  t.deepEqual(
    lines.slice(start + 1, start + 22).map((line) => line.slice(10)),
    [
      '---',
      'kind: cell',
      'service: openvpn-udp',
      'uplink: isp2',
      'expected: reply-source',
      'found: reply-source',
      'detail: "the reply left isp1 from 203.0.113.2"',
      'verdict:',
      '  answered: true',
      '  accepted: false',
      '  arrivedBy: isp2',
      '  leftBy: isp1',
      '  sourceMatches: false',
      '  cause: reply-source',
      'journey:',
      '  request:',
      '    - "client cgnat out 198.51.100.10:40001 > 203.0.114.2:1194 (UDP 14 bytes)"',
      '    - "server isp2 in 198.51.100.10:40001 > 203.0.114.2:1194 (UDP 14 bytes)"',
      '  reply:',
      '    - "server isp1 out 203.0.113.2:1194 > 198.51.100.10:40001 (UDP 14 bytes)"',
      '...',
    ],
  );
});

test('a trial that broke off, and one without checks, fail', (t) => {
  t.true(lines.includes('        not ok 1 - carried through'));
  t.true(lines.includes('          message: "up.sh:3:1: exit status 2"'));
  t.true(lines.includes('    not ok 5 - broken-script'));
  const idle = { candidate: 'idle', variant: '', checks: [], milliseconds: 1 };
  const document = tapDocument({ ...sampleRun, scenarios: sampleRun.scenarios.map((s) => ({ ...s, trials: [idle] })) });
  t.regex(document, /^ {8}not ok 1 - carried through$/m);
  t.regex(document, /^not ok 1 - three-uplinks$/m);
});

test('a scenario without trials fails, a run without scenarios bails out', (t) => {
  const document = tapDocument({ ...sampleRun, scenarios: sampleRun.scenarios.map((s) => ({ ...s, trials: [] })) });
  t.regex(document, /^not ok 1 - three-uplinks$/m);
  t.regex(tapDocument({ ...sampleRun, scenarios: [] }), /^Bail out! no scenario was run$/m);
});

test('descriptions escape what TAP would read as something else', (t) => {
  const named = (name: string) =>
    tapDocument({ ...sampleRun, scenarios: sampleRun.scenarios.map((s) => ({ ...s, name })) });
  t.regex(named('a # skip \\ b'), /^not ok 1 - a \\# skip \\\\ b$/m);
  t.regex(named('a\nok 1'), /^not ok 1 - a\\\\nok 1$/m);
  t.regex(named('a {'), /^not ok 1 - a \{\.$/m);
});

test('every line of any document is a line of the TAP 14 grammar, and printable', (t) => {
  const line =
    /^(?:TAP version 14|(?: {4})*(?:1\.\.[1-9]\d*|# (?:Subtest: .*|\w+: .*)|(?:not )?ok \d+ - .*| {2}(?:---|\.\.\.| *(?:- |\w+:).*))|)$/;
  fc.assert(
    fc.property(anyRun, (run) => {
      const text = tapDocument(run);
      return (
        text.split('\n').every((each) => line.test(each)) && !/[\p{Cc}\p{Cs}\p{Cf}]/u.test(text.replaceAll('\n', ''))
      );
    }),
  );
  t.pass();
});
