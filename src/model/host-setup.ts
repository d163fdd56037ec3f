import { readNft } from '../candidate/commands/nft/reader.ts';
import { parseIPv4, parsePrefix } from '../net/address.ts';
import { LabError } from '../net/error.ts';
import { sysctlsOf, type ProfileName } from '../topology/profile.ts';
import { hostRuleset } from '../topology/ruleset.ts';
import { endsOf, type Host as HostDescription, type Topology } from '../topology/topology.ts';
import { scopes } from './device.ts';
import { protocols, tables } from './fib/fib.ts';
import { addRoute } from './fib/routes.ts';
import type { Host } from './host.ts';
import { changeRuleset, isChange, knownSets } from './netfilter/ruleset.ts';

/** Gives a host its sysctls, static routes and ruleset, as the topology says. */
export function setUpHost(
  topology: Topology,
  description: HostDescription,
  host: Host,
  profile: ProfileName,
  seed: number,
): void {
  const interfaces = endsOf(topology, description.name).map((end) => end.interface);
  const own = description.name === topology.server.host ? profile : 'kernel';
  for (const [path, value] of sysctlsOf(description, interfaces, own, seed)) {
    host.sysctls.write(path.replaceAll('/', '.'), value);
  }
  for (const { to, via } of description.routes) addStaticRoute(host, to, via);
  for (const prefix of description.ownPrefixes ?? []) {
    addOrFail(host, prefix, 'local', { gateway: null, device: 'lo' });
  }
  for (const prefix of description.aggregates ?? []) addOrFail(host, prefix, 'unreachable', null);
  applyRuleset(host, hostRuleset(description));
}

/** A route to `default` or a prefix by a gateway. */
export function addStaticRoute(host: Host, to: string, via: string): void {
  const prefix = to === 'default' ? '0.0.0.0/0' : to;
  addOrFail(host, prefix, 'unicast', { gateway: parseIPv4(via), device: null });
}

function addOrFail(
  host: Host,
  prefix: string,
  type: 'local' | 'unicast' | 'unreachable',
  nexthop: { readonly gateway: number | null; readonly device: string | null } | null,
): void {
  const refused = addRoute(
    host,
    'replace',
    {
      ...{
        type,
        destination: parsePrefix(prefix),
        tos: 0,
        metric: null,
        protocol: protocols.boot,
        source: null,
        nexthopId: null,
      },
      table: type === 'local' ? tables.local : tables.main,
      scope: type === 'local' ? scopes.host : scopes.universe,
      nexthops: nexthop ? [{ ...nexthop, weight: 1, onlink: false }] : [],
    },
    null,
  );
  if (refused) throw new LabError('invalid', `${host.name}: the route to ${prefix} can't be made: ${refused.message}`);
}

/** Has a host's ruleset changed by nft's text. */
export function applyRuleset(host: Host, text: string): void {
  const at = { file: `the ruleset of ${host.name}`, line: 1, column: 1 };
  const words = ['nft', '-f', '-'].map((word) => ({ text: word, at }));
  const commands = readNft(words, { text, at }, knownSets(host.netfilter));
  const refused = changeRuleset(host.netfilter, commands.filter(isChange), host.clock.now);
  if (refused !== null) throw new LabError('invalid', `${host.name}: its ruleset can't be loaded: ${refused}`);
}
