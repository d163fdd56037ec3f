import test from 'ava';
import { execa } from 'execa';
import { defaults, interfaceDefaults, isIdle } from './idle-sysctls.ts';

test('a new namespace has these values', async (t) => {
  const named = [
    ...Object.entries(defaults),
    ...Object.entries(interfaceDefaults).map(([key, value]) => [`ipv4.conf.default.${key}`, value] as const),
  ];
  for (const [name] of named) t.true(isIdle(name), name);
  const paths = named.map(([name]) => `/proc/sys/net/${name.replaceAll('.', '/')}`);
  const { stdout } = await execa('unshare', ['--net', 'cat', ...paths]);
  const found = stdout.split('\n');
  t.deepEqual(
    named.map(([name], index) => [name, found[index]]),
    named.map(([name, value]) => [name, value]),
  );
});
