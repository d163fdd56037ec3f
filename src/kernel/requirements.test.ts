import { readFile } from 'node:fs/promises';
import test from 'ava';
import { tools } from './requirements.ts';

test('lab/setup installs every program that the lab runs', async (t) => {
  const setup = await readFile(new URL('../../lab/setup', import.meta.url), 'utf8');
  const list = /^tools='\n([^']+)'/m.exec(setup)?.[1] ?? '';
  const known = list.split('\n').map((line) => line.split(/\s+/)[0]);
  for (const tool of tools) t.true(known.includes(tool), `${tool} is not in lab/setup's list`);
});
