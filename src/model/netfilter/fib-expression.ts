import type { Expression, TableName } from '../../candidate/commands/netfilter.ts';
import { scopes, type Device } from '../device.ts';
import { usesDevice } from '../fib/fib.ts';
import { lookUp } from '../rules.ts';
import type { Evaluation } from './netfilter.ts';

/** What the routing tables say of one of a packet's addresses (net/ipv4/netfilter/nft_fib_ipv4.c, ipt_rpfilter.c). */
export function fibValue(
  { host, skb, hook, input, output }: Evaluation,
  { keys, result }: Extract<Expression, { kind: 'fib' }>,
  owner: TableName['owner'],
): number | string | null {
  const { packet } = skb;
  const bySource = keys.includes('saddr');
  const destination = bySource ? packet.source : packet.destination;
  const device = keys.includes('iif') ? input : keys.includes('oif') ? output : null;
  if (result === 'type') return addressType(host, destination, device);
  const answer = (way: Device): number | string => (result === 'exists' ? 1 : way.name);
  // Of what comes from the host itself nothing is asked (nft_fib_is_loopback, rpfilter_is_loopback).
  if (hook === 'prerouting' && input?.kind === 'loopback') return answer(input);
  const flow = {
    output: null,
    input: hook === 'forward' && bySource && keys.includes('iif') ? (output ?? host.loopback) : host.loopback,
    mark: keys.includes('mark') ? skb.mark : 0,
    tos: packet.tos,
    scope: scopes.universe,
    protocol: owner === 'nft' ? packet.protocol : 0,
    source: bySource ? packet.destination : packet.source,
    destination,
    sourcePort: 0,
    destinationPort: 0,
    uid: 0,
  };
  const found = lookUp(host, flow, null, true);
  const nothing = result === 'oifname' ? '' : 0;
  if (typeof found === 'string' || found.route.info.type === 'local') return nothing;
  // A device that is asked for has no say in which route is found: that route leads by it, or it doesn't.
  const way = device ? (usesDevice(found, device) ? device : null) : found.nexthop.device;
  if (!way) return nothing;
  return answer(way);
}

/** What kind of address it is to this host, or to one of its devices (inet_dev_addr_type). */
function addressType(host: Evaluation['host'], address: number, device: Evaluation['input']): string {
  if (address === 0xffffffff || address === 0) return 'broadcast';
  if (address >>> 28 === 0xe) return 'multicast';
  for (const { mask, prefixes } of host.fib.local.levels) {
    const info = prefixes.get(address & mask)?.[0]?.info;
    if (info) return device && info.nexthops[0]?.device !== device ? 'unicast' : info.type;
  }
  return 'unicast';
}
