import { dumpFiles, type DumpFile } from './files.ts';
import { tablesOfIptables } from './nft.ts';
import { bearsOnPackets } from './sysctls.ts';

export type DumpTexts = Readonly<Record<DumpFile, string>>;

/**
 * What is kept, beside an `up.sh`, of the state that it leaves: without the time of day, without nft's listing of what
 * iptables lists itself, and of the sysctls those that bear on a packet's way and are the same in each dump. So what `up.sh`
 * leaves alone is as the run's profile has it.
 *
 * @param dumps of the same state, each under another profile; all but sysctls are the first one's
 */
export function keptDump(dumps: readonly [DumpTexts, ...DumpTexts[]]): DumpTexts {
  const [first, ...others] = dumps;
  const lines = others.map((texts) => new Set(texts['sysctl.txt'].split('\n')));
  const sysctls = first['sysctl.txt']
    .split('\n')
    .filter((line) => bearsOnPackets(line.replace(/ =.*/, '')) && lines.every((each) => each.has(line)));
  return {
    ...first,
    'nft.json': withoutIptables(first),
    'iptables-save.txt': first['iptables-save.txt'].replaceAll(/^(# .*) on .*$/gm, '$1'),
    'sysctl.txt': sysctls.map((line) => `${line}\n`).join(''),
  };
}

interface Listing {
  readonly nftables: readonly Readonly<Record<string, Readonly<Record<string, unknown>>>>[];
}

function withoutIptables({ 'nft.json': listed, 'iptables-save.txt': saved }: DumpTexts): string {
  const tables = tablesOfIptables(saved, { file: 'iptables-save.txt', line: 1, column: 1 });
  const { nftables } = JSON.parse(listed) as Listing;
  const isIptables = ({ family, table, name }: Readonly<Record<string, unknown>>): boolean =>
    family === 'ip' && tables.has(String(table ?? name));
  const others = nftables.filter((part) => !Object.values(part).some(isIptables));
  return `${JSON.stringify({ nftables: others }, null, 2)}\n`;
}

/** The files of a dump, each as `read` gives it. */
export async function readDumpFiles(read: (file: DumpFile) => Promise<string>): Promise<DumpTexts> {
  const names = Object.keys(dumpFiles) as DumpFile[];
  const texts = await Promise.all(names.map(async (name) => [name, await read(name)] as const));
  return Object.fromEntries(texts) as DumpTexts;
}
