import { readFile } from 'node:fs/promises';
import test from 'ava';
import { askModel } from './ask-model.ts';
import { type AnsweredSession, formatRecording, readRecording } from './recording.ts';
import { isLookUp } from './sessions.ts';

const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');
const text = await read('recorded.txt');
const { release, sessions } = readRecording(text);
const defaults = readRecording(await read('recorded-defaults.txt'));
const valueOf = (sysctls: (typeof sessions)[number]['sysctls'], wanted: string): number | undefined =>
  sysctls.find(([name]) => name === wanted)?.[1];

const held = (title: string, { sysctls, lines, answers }: AnsweredSession, from: string): void => {
  test.serial(title, (t) => {
    t.timeout(120_000, 'it is work, and a busy machine takes its time');
    const model = askModel({ sysctls, lines }, from);
    const wrong = lines.flatMap((line, place) =>
      answers[place] === model[place] ? [] : [`${line}: kernel: ${answers[place]}; model: ${model[place]}`],
    );
    t.deepEqual(wrong, []);
  });
};
for (const [index, session] of sessions.entries()) {
  const policy = valueOf(session.sysctls, 'ipv4.fib_multipath_hash_policy');
  held(`session ${index + 1}: what Linux ${release} answered, hash policy ${policy}`, session, release);
}
for (const [index, session] of defaults.sessions.entries()) {
  held(
    `session ${index + 1} with several default routes: what Linux ${defaults.release} chose`,
    session,
    defaults.release,
  );
}

test('the choice among several default routes was seen to change by itself', (t) => {
  const turns = defaults.sessions.flatMap(({ lines, answers }) =>
    lines.filter((line, place) => isLookUp(line) && line === lines[place + 1] && answers[place] !== answers[place + 1]),
  );
  t.true(turns.length > 100, `${turns.length} look-ups that were answered otherwise the next time`);
});

test('what was recorded shows much', (t) => {
  const all = sessions.flatMap(({ lines, answers }) =>
    lines.flatMap((line, place) => (isLookUp(line) ? [{ line, answer: answers[place] ?? '' }] : [])),
  );
  t.true(all.length >= 5000, `${all.length} look-ups`);
  const policies = sessions.map(({ sysctls }) => valueOf(sysctls, 'ipv4.fib_multipath_hash_policy'));
  t.deepEqual([...new Set(policies)].sort(), [0, 1, 2, 3]);
  t.is(new Set(sessions.map(({ sysctls }) => valueOf(sysctls, 'ipv4.fib_multipath_hash_seed'))).size, sessions.length);
  const share = (pattern: RegExp): number =>
    all.filter(({ line, answer }) => pattern.test(`${line} = ${answer}`)).length;
  for (const [pattern, least] of [
    [/ from 198[.]18.* = via/, 300],
    [/ iif .* = via/, 500],
    [/ oif .* = via/, 300],
    [/ = refused: Network is unreachable/, 50],
    [/ = refused: Permission denied/, 50],
    [/ = local/, 50],
    ...[0, 1, 2, 3].map((uplink) => [RegExp(` = via .* dev up${uplink}`), 400] as const),
  ] as const) {
    t.true(share(pattern) >= least, `${String(pattern)}: ${share(pattern)}`);
  }
});

test('another seed or another hash policy would have been noticed', (t) => {
  const some = sessions.slice(0, 6);
  for (const [name, change] of [
    ['ipv4.fib_multipath_hash_seed', (seed: number) => (seed === 1 ? 2 : 1)],
    ['ipv4.fib_multipath_hash_policy', (policy: number) => (policy + 1) % 2],
  ] as const) {
    const noticed = some.filter(({ sysctls, lines, answers }) => {
      const changed = sysctls.map(([key, value]) => [key, key === name ? change(value) : value] as const);
      return askModel({ sysctls: changed, lines }, release).some((answer, place) => answer !== answers[place]);
    });
    t.true(noticed.length > some.length / 2, `${name}: ${noticed.length} of ${some.length} sessions`);
  }
});

test('a recording is read as it was written, and nothing else is', (t) => {
  t.is(formatRecording(readRecording(text)), text);
  t.throws(() => readRecording('no kernel\n'), { message: /expected the kernel's release/ });
  t.throws(() => readRecording('Linux 6.1\n\nround 1\n'), { message: /expected the number of a session/ });
  t.throws(() => readRecording('Linux 6.1\n\nsession 1\n? 192.0.2.1\n'), { message: /a look-up without its answer/ });
});
