/**
 * `npm run record [-- PART…]`: writes down anew what the running kernel does, to which the model is held where there is no such
 * kernel; and the dumps that the model begins with.
 */
import { $ } from 'zx';
import { root } from '../src/scenario/catalogue.ts';
import { recordDumps } from './record/dumps.ts';
import { recordScenarios } from './record/scenarios.ts';

async function recordLookUps(): Promise<void> {
  const lookUps = 'src/model/look-ups';
  $.env = {
    ...process.env,
    LOOKUP_RECORD: `${lookUps}/recorded.txt`,
    LOOKUP_RECORD_DEFAULTS: `${lookUps}/recorded-defaults.txt`,
  };
  await $({ cwd: root, stdio: 'inherit' })`npx ava --config .ava.kernel.config.js ${lookUps}/look-ups.kernel.test.ts`;
}

const parts = new Map([
  ['dumps', recordDumps],
  ['scenarios', recordScenarios],
  ['look-ups', recordLookUps],
]);

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !parts.has(name));
if (unknown === undefined) {
  for (const [name, record] of parts) if (wanted.length === 0 || wanted.includes(name)) await record();
} else {
  process.stderr.write(`there is no '${unknown}' to record; there are: ${[...parts.keys()].join(', ')}\n`);
  process.exitCode = 2;
}
