import type { Count } from '../backend/crossing.ts';
import { LabError } from '../net/error.ts';
import type { Sandbox } from './sandbox.ts';

/** Reads how many packets a host's reverse-path filter has dropped: TcpExtIPReversePathFilter. */
export async function countFiltered(sandbox: Sandbox, host: string): Promise<Count> {
  const from = Date.now() / 1000;
  const text = await sandbox.run('reading counters', host, ['cat', '/proc/net/netstat']);
  return { value: netstatCounter(text, 'TcpExt', 'IPReversePathFilter'), from, to: Date.now() / 1000 };
}

/**
 * A counter of /proc/net/netstat, where each group has two lines: one of names, one of values.
 *
 * @throws LabError `lab-failed` if it isn't there
 */
export function netstatCounter(text: string, group: string, name: string): number {
  const [names = [], values = []] = text
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([first]) => first === `${group}:`);
  const value = values[names.indexOf(name)];
  if (value === undefined || !/^\d+$/.test(value)) {
    throw new LabError('lab-failed', `this kernel has no counter ${group}${name}`);
  }
  return Number(value);
}
