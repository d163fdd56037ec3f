import { LabError } from '../../net/error.ts';
import type { Input } from '../commands/input.ts';
import { meant } from '../commands/keyword.ts';

/** The files of a dump, and the command of which each is the output. */
export const dumpFiles = {
  'ip-addr.json': 'ip -d -j -p addr',
  'ip-route.json': 'ip -N -4 -j -p route show table all',
  'ip-rule.json': 'ip -N -4 -j -p rule',
  'ip-neigh.json': 'ip -4 -j -p neigh',
  'ip-nexthop.json': 'ip -j -p nexthop',
  'iptables-save.txt': 'iptables-save',
  'nft.json': 'nft -j list ruleset',
  'sysctl.txt': 'sysctl -a',
} as const;
export type DumpFile = keyof typeof dumpFiles;

/** Without these nothing can be said of where a host's packets go. */
const needed: readonly DumpFile[] = ['ip-addr.json', 'ip-route.json', 'ip-rule.json', 'sysctl.txt'];
const firewalls: readonly DumpFile[] = ['iptables-save.txt', 'nft.json'];

/** The state that a host was in, as its tools print it. */
export interface Dump {
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly files: Readonly<Partial<Record<DumpFile, Input>>>;
}

/**
 * A dump of the texts of a folder's files.
 *
 * @param folder its absolute path
 * @param texts by the files' names
 * @throws LabError 'invalid' for a file that is missing, or that is none of a dump's
 */
export function dumpOf(folder: string, texts: Readonly<Record<string, string>>): Dump {
  const names = Object.keys(dumpFiles) as DumpFile[];
  for (const name of Object.keys(texts)) {
    if (names.some((known) => known === name)) continue;
    const at = { file: folder, line: 1, column: 1 };
    const hint = meant({ text: name, at }, names) || `there are ${names.join(', ')}`;
    throw new LabError('invalid', `${folder}: ${name} is no file of a dump`, hint);
  }
  const missing = needed.find((name) => texts[name] === undefined);
  if (missing) {
    throw new LabError(
      'invalid',
      `${folder}: the dump has no ${missing}`,
      `it is what is printed by: ${dumpFiles[missing]}`,
    );
  }
  if (firewalls.every((name) => texts[name] === undefined)) {
    const hint = `at least one of them, of the tools that the host has; an empty ruleset is one, too`;
    throw new LabError('invalid', `${folder}: the dump has neither ${firewalls.join(' nor ')}`, hint);
  }
  const input = (name: DumpFile): Input => ({
    text: texts[name] ?? '',
    at: { file: `${folder}/${name}`, line: 1, column: 1 },
  });
  const present = names.filter((name) => texts[name] !== undefined);
  return { folder, files: Object.fromEntries(present.map((name) => [name, input(name)])) };
}
