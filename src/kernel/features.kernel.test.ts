import { readFile } from 'node:fs/promises';
import test from 'ava';
import { lacks } from './features.ts';

test('PPP over Ethernet is lacking just where the kernel has none of its code', async (t) => {
  const lack = await lacks('ppp');
  // Trying has loaded the module, if there is one.
  const symbols = await readFile('/proc/kallsyms', 'utf8');
  const there = /\bpppoe_create\b/.test(symbols);
  if (there) t.not(lack, 'this kernel has no PPP over Ethernet (CONFIG_PPPOE)');
  else t.is(lack, 'this kernel has no PPP over Ethernet (CONFIG_PPPOE)');
});
