import type { Feature } from '../backend/feature.ts';
import { LabError } from '../net/error.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** How it is tried whether the kernel has something: in a sandbox, for its release doesn't say. Resolves with why it hasn't, or null. */
const trials: Readonly<Record<Feature, (sandbox: Sandbox) => Promise<string | null>>> = {
  netem: async (sandbox) => {
    // Where it is a module, the kernel loads it now.
    const command = ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'];
    const { exitCode, stderr } = await sandbox.attempt(null, command);
    if (exitCode === 0) return null;
    // In the kernel's words, and, before it had any (4.16), in those for ENOENT.
    if (/qdisc kind is unknown|No such file or directory/.test(stderr))
      return 'this kernel has no netem (CONFIG_NET_SCH_NETEM)';
    throw new LabError('lab-failed', `finding out whether the kernel has netem: ${stderr.trim()}`);
  },
};

const found = new Map<Feature, Promise<string | null>>();

/**
 * Why the kernel that runs this machine lacks a feature; null: it has it. It is tried once.
 *
 * @throws LabError `lab-failed` if that can't be found out; `cannot-run` where there can be no sandbox
 */
export function lacks(feature: Feature): Promise<string | null> {
  const known = found.get(feature) ?? tryOut(feature);
  found.set(feature, known);
  return known;
}

async function tryOut(feature: Feature): Promise<string | null> {
  const sandbox = await openSandbox();
  try {
    return await trials[feature](sandbox);
  } finally {
    await sandbox.close();
  }
}
