import { readFile } from 'node:fs/promises';
import type { Job, Sandbox } from '../sandbox.ts';

/**
 * Starts one of this folder's programs in a host. They are written without types to strip, so that Node runs them as they
 * are, from its standard input: no loader to wait for, and no file that the host would have to reach.
 */
export async function launchProgram(
  sandbox: Sandbox,
  host: string,
  name: 'reseed' | 'udp-echo',
  args: readonly string[],
): Promise<Job> {
  const source = await readFile(new URL(`${name}.ts`, import.meta.url), 'utf8');
  return sandbox.launch(host, [process.execPath, '--input-type=module', '-', ...args], { input: source });
}
