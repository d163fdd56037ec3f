// Machines are booted where QEMU and a kernel are there already: for tests, neither is fetched.
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { isInstalled } from '../../src/kernel/requirements.ts';
import { cachedReleases, fetchKernel, type Kernel } from './kernels.ts';
import { runIn } from './machine.ts';

/** The first kernel that is there. */
const [release] = await cachedReleases();
/** Skipped, and counted so, where none can be booted. */
const booted = release !== undefined && (await isInstalled('qemu-system-x86_64')) ? test.serial : test.serial.skip;

async function kernelFor(t: ExecutionContext): Promise<Kernel> {
  t.timeout(10 * 60_000);
  return fetchKernel(release ?? '', () => t.fail('it is fetched'));
}

/** Runs a shell's script in a machine, and returns what became of it. */
async function runScript(t: ExecutionContext, kernel: Kernel, script: string, timeout = 10) {
  const results = await mkdtemp(join(tmpdir(), 'machine-'));
  t.teardown(() => rm(results, { recursive: true }));
  const said = { out: '', err: '' };
  const sink = (name: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk, _encoding, taken) => {
        said[name] += String(chunk);
        taken();
      },
    });
  const command = ['sh', '-c', script, 'sh', results];
  const job = { command, directory: process.cwd(), results, stdout: sink('out'), stderr: sink('err'), timeout };
  const status = await runIn(kernel, job, (text) => t.log(text));
  return { status, ...said, results };
}

booted('a command has that kernel, its own streams and status, and writes to the results alone', async (t) => {
  const kernel = await kernelFor(t);
  const outside = join(tmpdir(), `outside-${process.pid}`);
  const script = `uname -r; id -u; pwd; seq 100000 >"$1/numbers"; seq 30000; echo "it's an error" >&2
    echo no >${outside}; cat ${outside} >&2; ls /sys/class/net; exit 7`;
  const { status, out, err, results } = await runScript(t, kernel, script);
  t.is(status, 7);
  const numbers = (to: number): string => Array.from({ length: to }, (_, index) => `${index + 1}\n`).join('');
  t.is(out, `${kernel.release}\n0\n${process.cwd()}\n${numbers(30000)}lo\n`);
  t.is(err, "it's an error\nno\n");
  t.is(await readFile(join(results, 'numbers'), 'utf8'), numbers(100000));
  await t.throwsAsync(access(outside), { code: 'ENOENT' });
});

booted('what takes too long is ended, with the machine', async (t) => {
  const kernel = await kernelFor(t);
  await t.throwsAsync(runScript(t, kernel, 'sleep 600', 0.05), { message: /took longer than 0\.05 minutes/ });
});

booted('whoever is killed leaves no QEMU', async (t) => {
  const kernel = await kernelFor(t);
  const command = ['--import', 'tsx', 'lab/vm.ts', '--kernel', kernel.release, 'conformance'];
  const vm = execa('node', command, { reject: false, stdin: 'ignore', stdout: 'ignore', buffer: false });
  const pid = vm.pid!;
  // Not execa's own lines: to leave those is to wait for the command's end.
  for await (const line of createInterface({ input: vm.stderr })) if (line.includes(' is up after ')) break;
  const own = await childrenOf(pid);
  t.true(own.length > 0);
  vm.kill('SIGKILL');
  await vm;
  await t.notThrowsAsync(ended(own));
});

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

/** Resolves when all of these processes have ended; one of the dead may not have been buried yet. */
async function ended(pids: readonly number[]): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X')));
    if (stats.every((stat) => /\) [XZ]/.test(stat))) return;
    await setTimeout(20);
  }
  throw new Error(`${pids.join(', ')}: still there`);
}
