import { readFile } from 'node:fs/promises';
import test from 'ava';
import { LabError } from '../net/error.ts';
import { assertReady, tools } from './requirements.ts';

test('lab/setup installs every program that the lab runs', async (t) => {
  const setup = await readFile(new URL('../../lab/setup', import.meta.url), 'utf8');
  const list = /^tools='\n([^']+)'/m.exec(setup)?.[1] ?? '';
  const known = list.split('\n').map((line) => line.split(/\s+/)[0]);
  for (const tool of tools) t.true(known.includes(tool), `${tool} is not in lab/setup's list`);
});

test('what a candidate runs has to be there, too', async (t) => {
  const error = await t.throwsAsync(assertReady(false, ['sh', 'no-such-firewall']), { instanceOf: LabError });
  t.is(error.code, 'cannot-run');
  t.regex(error.message, /^missing on this machine: .*no-such-firewall$/);
  t.notRegex(error.message, /\bsh\b/);
});
