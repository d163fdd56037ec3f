/** A machine in QEMU, over this machine's own files, for one command. */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { LabError } from '../../src/net/error.ts';
import { bound } from './bound.ts';
import { deadline } from './deadline.ts';
import { endMark, insideScript } from './inside.ts';
import type { Kernel } from './kernels.ts';
import { untilMark } from './until-mark.ts';

/**
 * What may carry a machine, the fastest first, and how many seconds it gets to be up. Where each instruction is emulated, the
 * machine's clock counts them, a nanosecond each: however slow that is, and whatever else this machine does, all that the command
 * waits for comes in time. That takes one processor.
 */
const accelerators = [
  { name: 'kvm', options: ['-accel', 'kvm', '-smp', String(availableParallelism())], patience: 20 },
  { name: 'tcg', options: ['-accel', 'tcg', '-icount', 'shift=0,sleep=on', '-smp', '1'], patience: 600 },
] as const;
type Accelerator = (typeof accelerators)[number];

/** Mebibytes. */
const memory = 4096;

export interface Job {
  /** A command's words, and the folder that it is run in. */
  readonly command: readonly string[];
  readonly directory: string;
  /** The folder that it writes to for good; what it writes elsewhere goes with the machine. */
  readonly results: string;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Minutes. */
  readonly timeout: number;
}

/**
 * Boots a machine, runs a command in it as root, and ends it.
 *
 * @returns the command's exit status
 * @throws LabError `cannot-run` if the machine doesn't come up; `lab-failed` if it ends before the command does, or time is up
 */
export async function runIn(kernel: Kernel, job: Job, say: (text: string) => void): Promise<number> {
  await using machine = await boot(kernel, job.results, say);
  const nonce = randomUUID();
  machine.tell(Buffer.from(insideScript({ ...job, nonce })).toString('base64'));
  using time = deadline(job.timeout * 60, () => machine.kill());
  const [status, ...whole] = await Promise.all([
    machine.hear(),
    untilMark(machine.out, endMark(nonce), job.stdout),
    untilMark(machine.err, endMark(nonce), job.stderr),
  ]);
  if (status !== undefined && whole.every(Boolean)) return Number(status);
  if (time.passed) throw tooLong(job.timeout);
  throw new LabError('lab-failed', `the machine ended before the command did${machine.lastWords()}`);
}

/** @param timeout minutes */
export function tooLong(timeout: number): LabError {
  return new LabError('lab-failed', `the command was ended: it took longer than ${timeout} minutes`, 'see: --timeout');
}

async function boot(kernel: Kernel, results: string, say: (text: string) => void): Promise<Machine> {
  const failures: string[] = [];
  for (const accelerator of accelerators) {
    const began = performance.now();
    const machine = start(kernel, results, accelerator);
    using _ = deadline(accelerator.patience, () => machine.kill());
    const word = await machine.hear();
    if (word === 'ready') {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      say(`Linux ${kernel.release} is up after ${seconds} s, by ${accelerator.name}.`);
      return machine;
    }
    await machine[Symbol.asyncDispose]();
    failures.push(`${accelerator.name}${machine.lastWords()}`);
    say(`Not by ${accelerator.name}${machine.lastWords()}`);
  }
  throw new LabError('cannot-run', `Linux ${kernel.release} doesn't come up: ${failures.join('; ')}`);
}

interface Machine extends AsyncDisposable {
  /** What the command writes. */
  readonly out: Readable;
  readonly err: Readable;
  /** Sends the first process a line. */
  tell(line: string): void;
  /** The next line from it; undefined if the machine has ended. */
  hear(): Promise<string | undefined>;
  kill(): void;
  /** What QEMU and the console said last, for an error. */
  lastWords(): string;
}

function start(kernel: Kernel, results: string, accelerator: Accelerator): Machine {
  const pipes = ['control', 'out', 'err', 'console'];
  const sockets = pipes.map((name, index) => ['-chardev', `socket,id=${name},fd=${3 + index}`]);
  const ports = ['control', 'out', 'err'].map((name) => ['-device', `virtserialport,chardev=${name},name=${name}`]);
  const options = [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-nic', 'none'],
    ...[...accelerator.options, '-cpu', 'max', '-m', String(memory)],
    ...['-kernel', kernel.image, '-initrd', kernel.initramfs],
    ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off'],
    ...['-device', 'virtio-serial-pci', ...sockets.flat(), ...ports.flat(), '-serial', 'chardev:console'],
    ...share('machine', '/', true),
    ...share('modules', kernel.modules, true),
    ...share('results', results, false),
  ];
  const qemu = bound({
    nothrow: true,
    stdio: ['ignore', 'pipe', 'pipe', ...pipes.map(() => 'pipe' as const)],
  })`qemu-system-x86_64 ${options}`;
  const [control, out, err, console] = (qemu.child?.stdio.slice(3) ?? []) as unknown as Socket[];
  if (!control || !out || !err || !console) throw new Error('QEMU was started without its sockets');

  const said: string[] = [];
  for (const stream of [qemu.stderr, console]) {
    createInterface({ input: stream }).on('line', (line) => said.push(line.trim()));
  }
  const lines = createInterface({ input: control })[Symbol.asyncIterator]();
  return {
    out,
    err,
    tell: (line) => void control.write(`${line}\n`),
    hear: async () => {
      const next = await lines.next();
      return next.done === true ? undefined : next.value;
    },
    kill: () => void qemu.child?.kill('SIGKILL'),
    lastWords: () =>
      said
        .filter(Boolean)
        .slice(-3)
        .map((line) => `: ${line}`)
        .join(''),
    [Symbol.asyncDispose]: async () => {
      qemu.child?.kill('SIGKILL');
      await qemu;
    },
  };
}

/** A folder by 9p. Whoever runs QEMU needn't be root: files that the machine makes are theirs. */
function share(name: string, path: string, readonly: boolean): readonly string[] {
  const fsdev = `local,id=${name},path=${path.replaceAll(',', ',,')},security_model=none,multidevs=remap`;
  return [
    '-fsdev',
    `${fsdev}${readonly ? ',readonly=on' : ''}`,
    '-device',
    `virtio-9p-pci,fsdev=${name},mount_tag=${name}`,
  ];
}
