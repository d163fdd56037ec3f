import { startBpf, tracefs } from './bpf.ts';
import { openSandbox } from './sandbox.ts';
import { asRoot } from './testing.ts';

asRoot("a line of the program's own that can't be read is an error", async (t) => {
  const sandbox = await openSandbox();
  t.teardown(() => sandbox.close());
  await sandbox.run('mounting tracefs', null, ['sh', '-euc', tracefs]);
  const program = 'tracepoint:oom:oom_score_adj_update { printf("told %d\\n", pid); }';
  const heard: string[] = [];
  const [readable, unreadable] = [/^told \d+$/, /^told [a-z]+$/].map((pattern) =>
    startBpf(sandbox, program, '', (line) => {
      if (pattern.test(line)) heard.push(line);
      return pattern.test(line);
    }),
  );
  await t.notThrowsAsync(async () => (await readable)?.caughtUp());
  t.true(heard.length > 0);
  await t.throwsAsync(async () => (await unreadable)?.caughtUp(), {
    code: 'lab-failed',
    message: /^bpftrace said what can't be read: told \d+$/,
  });
});
