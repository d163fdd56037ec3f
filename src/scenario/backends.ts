import { platform, release } from 'node:os';
import type { Backend } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import { assertKnown } from './catalogue.ts';

export interface BackendWish {
  /** The backend that the user named, if any. */
  readonly on?: string | undefined;
  /** The kernel release that the model is to stand for. */
  readonly era?: string | undefined;
  /** Whether labs will have tunnel devices. */
  readonly tunnels: boolean;
  /** What candidates run besides what every lab does. */
  readonly programs?: readonly string[];
}

export interface Choice {
  readonly backend: Backend;
  /** One line for people that says which it is and why. */
  readonly reason: string;
}

/**
 * The kernel and the model of that kernel, ready.
 *
 * @throws LabError `invalid` if another era is asked for; `cannot-run` if the kernel can't be had
 */
export async function bothBackends({ era, ...wish }: BackendWish): Promise<readonly [kernel: Backend, model: Backend]> {
  const { backend: kernel } = await chooseBackend({ ...wish, on: 'kernel', ...(era !== undefined && { era }) });
  const { modelBackend } = await import('../model/lab.ts');
  return [kernel, modelBackend({ release: kernel.release, turn })];
}

/** What the model stands for where there is no Linux to take after. */
const latestRelease = '6.18.44';

/**
 * The backend to run on, ready: the kernel where it can run, else the model, unless the user says which.
 *
 * @throws LabError `invalid` if there is none of that name, or an era is asked of the kernel; `cannot-run` if the kernel
 *   was asked for and can't be had
 */
export async function chooseBackend({ on, era, tunnels, programs = [] }: BackendWish): Promise<Choice> {
  if (on !== undefined) assertKnown('backend', on, ['kernel', 'model', 'both']);
  if (on === 'kernel' && era !== undefined) {
    throw new LabError('invalid', 'the kernel has the era it has', 'say --on model, or leave --era out');
  }
  const own = platform() === 'linux' ? release() : latestRelease;
  const onModel = async (why: string): Promise<Choice> => {
    const { modelBackend } = await import('../model/lab.ts');
    const backend = modelBackend({ release: era ?? own, turn });
    return { backend, reason: `Running on the model (Linux ${backend.release}): ${why}.` };
  };
  if (on === 'model') return onModel('as asked');
  if (era !== undefined) return onModel('an era can be chosen there only');
  const { kernelBackend } = await import('../kernel/lab.ts');
  const onKernel = (why: string): Choice => ({
    backend: kernelBackend,
    reason: `Running on the kernel (Linux ${kernelBackend.release}): ${why}.`,
  });
  try {
    await kernelBackend.assertReady(tunnels, programs);
    return onKernel(on === undefined ? 'it can be had here' : 'as asked');
  } catch (error) {
    const isLack = error instanceof LabError && error.code === 'cannot-run';
    // In continuous integration, what can't run is to be noticed.
    if (on === 'kernel' || process.env['CI'] || !isLack) throw error;
    const hint = error.hint === '' ? '' : ` (${error.hint})`;
    return onModel(`the kernel can't be had, ${error.message}${hint}`);
  }
}

/** All that can run runs before this resolves. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
