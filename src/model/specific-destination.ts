import { isBroadcastAddress } from './addresses.ts';
import { scopes } from './device.ts';
import type { Host } from './host.ts';
import { sourceBy } from './path.ts';
import { ownFlow } from './route-output.ts';
import { lookUp } from './rules.ts';
import type { SkBuff } from './skbuff.ts';
import { selectSourceAddress } from './source-address.ts';

/**
 * The host's own address that an answer to a packet is to come from (net/ipv4/fib_frontend.c, fib_compute_spec_dst): the one that
 * it came to; if that is everybody's, the one that the host would call its sender from.
 */
export function specificDestination(host: Host, { packet, input, mark, toAll }: SkBuff): number {
  const { source, destination, tos } = packet;
  if (!toAll || !input || !isBroadcastAddress(host, destination)) return destination;
  const { sourceValidMark } = host.sysctls.interfaceValues(input.name);
  const flow = ownFlow(host, { destination: source, tos, mark: sourceValidMark ? mark : 0 });
  const found = source === 0 ? null : lookUp(host, flow, null);
  if (found && typeof found !== 'string') return sourceBy(host, found.route.info, found.nexthop);
  const scope = source === 0 ? scopes.link : scopes.universe;
  return selectSourceAddress(input, host.devices.values(), source, scope);
}
