import test from 'ava';
import fc from 'fast-check';
import { junit } from './junit.ts';
import { anyRun, sampleRun } from './sample-run.ts';
import { readTap } from './tap-tree.ts';
import { tapDocument } from './tap.ts';

const xml = junit(await readTap(tapDocument(sampleRun)));

/** Whether the text is well-formed XML 1.0, of the kind without comments, CDATA and document types. */
function isWellFormed(text: string): boolean {
  const body = text.replace('<?xml version="1.0" encoding="UTF-8"?>\n', '');
  const token =
    /<(\/?)([a-z]+)((?: [a-z]+="(?:[^<&"]|&(?:amp|lt|gt|quot|apos);)*")*)(\/?)>|((?:[^<&>]|&(?:amp|lt|gt|quot|apos);)+)/uy;
  const open: string[] = [];
  let roots = 0;
  while (token.lastIndex < body.length) {
    const match = token.exec(body);
    if (match === null) return false;
    const [, closing, name = '', attributes = '', empty, characters] = match;
    if (characters !== undefined) {
      if (open.length === 0 && characters.trim() !== '') return false;
    } else if (closing === '/') {
      if (open.pop() !== name) return false;
    } else {
      const names = [...attributes.matchAll(/ ([a-z]+)="/g)].map(([, attribute]) => attribute);
      if (new Set(names).size !== names.length) return false;
      if (open.length === 0) roots += 1;
      if (empty !== '/') open.push(name);
    }
  }
  // XML 1.0, production 2: Char.
  return open.length === 0 && roots === 1 && /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(text);
}

test('a suite is a trial, with its counts, time and run', (t) => {
  t.regex(xml, /<testsuites name="multihome-lab" tests="75" failures="16" errors="1" skipped="0" time="9\.876">/);
  t.regex(
    xml,
    /<testsuite name="three-uplinks: source-rules" tests="19" failures="0" errors="0" skipped="0" time="1\.234" timestamp="2025-01-02T03:04:05\.000Z">/,
  );
  t.regex(xml, /<property name="kernel" value="6\.8\.0-45-generic"\/>/);
});

test('a failure carries the diagnostic, an error the message', (t) => {
  t.regex(xml, /<testcase name="openvpn-udp at isp1" classname="three-uplinks\.source-rules"\/>/);
  t.regex(
    xml,
    /<failure message="expected works, found source-filtered" type="source-filtered">expected {2}works[^<]*\nrequest {3}client cgnat/,
  );
  t.regex(xml, /<error message="up\.sh:3:1: exit status 2" type="error">/);
});

test('the report is well-formed', (t) => {
  t.true(isWellFormed(xml));
  t.false(isWellFormed(xml.replace('</testsuite>', '')));
  t.false(isWellFormed(xml.replace('"19"', '"<"')));
});

test('any report is well-formed', async (t) => {
  await fc.assert(fc.asyncProperty(anyRun, async (run) => isWellFormed(junit(await readTap(tapDocument(run))))));
  t.pass();
});
