import type { Backend } from '../backend/lab.ts';
import { kernelBackend } from '../kernel/lab.ts';
import { assertKnown } from './catalogue.ts';

const backends: Readonly<Record<string, Backend>> = { kernel: kernelBackend };

/**
 * The backend to run on, and one line for people that says which it is and why.
 *
 * @param wanted its name, if the user named one
 * @throws LabError `invalid` if there is none of that name
 */
export function chooseBackend(wanted?: string): { readonly backend: Backend; readonly reason: string } {
  const name = wanted ?? 'kernel';
  assertKnown('backend', name, Object.keys(backends));
  const backend = backends[name];
  if (!backend) throw new Error(`no backend ${name}`);
  const why = wanted === undefined ? 'it is the only one there is' : 'as asked';
  return { backend, reason: `Running on the ${backend.name} (Linux ${backend.release}): ${why}.` };
}
