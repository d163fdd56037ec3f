import { endsOf, type Topology } from '../../topology/topology.ts';
import { LabError } from '../../net/error.ts';
import type { Input } from '../commands/input.ts';
import { refuse } from '../commands/refusal.ts';
import type { Dump, DumpFile } from './files.ts';
import { parseJson, type Json } from './json.ts';
import { readLinks } from './links.ts';
import { readNeighbours } from './neighbours.ts';
import { readNexthops } from './nexthops.ts';
import { readRuleset, tablesOfIptables } from './nft.ts';
import { readRoutes } from './routes.ts';
import { readRules } from './rules.ts';
import { command, type Command, type Step } from './step.ts';
import { readSysctls } from './sysctls.ts';

/**
 * What brings a topology's server from where the topology leaves it to the state of a dump, step by step.
 *
 * @throws LabError 'invalid' with `file:line:column` for a dump that isn't of such a server, and for what isn't modelled
 */
export function readDump(dump: Dump, topology: Topology): readonly Step[] {
  const json = (name: DumpFile): Json => parseJson(fileOf(dump, name));
  const listed = (name: DumpFile): Json => (dump.files[name] ? json(name) : { kind: 'array', items: [], at: nowhere });
  const links = readLinks(json('ip-addr.json'), topology);
  const sysctls = readSysctls(fileOf(dump, 'sysctl.txt'), links.present, links.passed);
  const nexthops = readNexthops(listed('ip-nexthop.json'));
  const lines = new Set(endsOf(topology, topology.server.host).map((end) => end.interface));
  return [
    ...ip(links.links),
    { program: 'sysctl', commands: sysctls },
    ...ip([
      ...links.addresses,
      ...nexthops,
      ...readRoutes(json('ip-route.json'), lines),
      ...readRules(json('ip-rule.json')),
      ...readNeighbours(listed('ip-neigh.json'), lines),
    ]),
    ...readFirewall(dump),
  ];
}

/** Where what isn't there would stand; nothing is ever said of it. */
const nowhere = { file: '', line: 1, column: 1 };

function fileOf({ folder, files }: Dump, name: DumpFile): Input {
  const file = files[name];
  if (!file) throw new LabError('invalid', `${folder}: the dump has no ${name}`);
  return file;
}

function ip(commands: readonly Command[]): readonly Step[] {
  return commands.length > 0 ? [{ program: 'ip', commands }] : [];
}

function readFirewall({ folder, files }: Dump): readonly Step[] {
  const saved = files['iptables-save.txt'];
  const listed = files['nft.json'];
  const ofIptables = saved ? tablesOfIptables(saved.text, saved.at) : new Set<string>();
  if (saved && ofIptables.size > 0 && !listed) {
    refuse(
      saved.at,
      'iptables keeps its rules in nftables here, where there may be others',
      `nft.json is missing in ${folder}`,
    );
  }
  const ruleset = listed ? readRuleset(parseJson(listed), ofIptables) : [];
  const start = command((listed ?? saved)?.at ?? nowhere, 'flush ruleset');
  return [
    { program: 'nft', commands: [start] },
    ...(saved ? [{ program: 'iptables-restore' as const, input: saved }] : []),
    ...(ruleset.length > 0 ? [{ program: 'nft' as const, commands: ruleset }] : []),
  ];
}
