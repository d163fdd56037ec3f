import { formatIPv4 } from '../net/address.ts';
import { isLocalAddress } from './addresses.ts';
import { scopes, type Device } from './device.ts';
import { usesDevice, type FibResult } from './fib/fib.ts';
import type { FlowKey, RouteError } from './flow.ts';
import type { Host } from './host.ts';
import { lookUp } from './rules.ts';
import type { SkBuff } from './skbuff.ts';

/** Why a source is not believed. */
export type Disbelief = 'reverse-path' | 'local-source' | 'invalid-source';

/** What becomes of the check. Null: it may be so; `next-door`: and the sender is on that very link, with no gateway between. */
export type Belief = Disbelief | 'next-door' | null;

export function isRefused(belief: Belief): belief is Disbelief {
  return belief !== null && belief !== 'next-door';
}

/**
 * Whether a packet may have come from its source by that device (net/ipv4/fib_frontend.c, fib_validate_source): the
 * reverse-path filter, and the check for the host's own addresses.
 *
 * @param device by which it came in
 * @param output the device it is to be forwarded by; null: it is for this host
 * @param sender the address that an answer would be from; 0: what is for everybody says nothing of that
 */
export function validateSource(
  host: Host,
  skb: SkBuff,
  device: Device,
  output: Device | null,
  sender = skb.packet.destination,
): Belief {
  const values = host.sysctls.interfaceValues(device.name);
  if (values.reversePath === 0 && (device !== output || !values.sendRedirects)) {
    switch (host.era.localSourceCheck) {
      case 'never':
        return null;
      case 'unless-accept-local':
        if (values.acceptLocal) return null;
        // With rules or local routes of one's own, the whole look-up is made, for this is all that it is good for then.
        if (!host.rules.touched && !host.fib.hasOwnLocal) {
          return isLocalAddress(host, skb.packet.source) ? disbelieve(host, skb, device, 'local-source') : null;
        }
        break;
      case 'always':
        break;
    }
  }
  return checkReversePath(host, skb, device, wayBack(host, skb, device, output, sender));
}

/** The look-up of the way back (__fib_validate_source). */
function checkReversePath(host: Host, skb: SkBuff, device: Device, flow: FlowKey): Belief {
  const { packet, trail } = skb;
  const values = host.sysctls.interfaceValues(device.name);
  const found = lookUp(host, flow, null);
  if (typeof found === 'string') return notFound(host, skb, device, found);
  const { type } = found.route.info;
  if (type !== 'unicast' && !(type === 'local' && values.acceptLocal)) {
    return disbelieve(host, skb, device, type === 'local' ? 'local-source' : 'invalid-source');
  }
  if (leadsBackBy(host, found, device)) {
    if (values.reversePath !== 0) {
      trail?.('reverse-path', `${formatIPv4(packet.source)} is reached by ${device.name}, which it came in by`);
    }
    return nearness(found);
  }
  if (values.reversePath === 1 || device.addresses.length === 0) return notFound(host, skb, device, found);
  // Believed all the same; whether the sender is near is asked of the routes by that device.
  const byDevice = lookUp(host, { ...flow, output: device }, null, true);
  return typeof byDevice !== 'string' && byDevice.route.info.type === 'unicast' ? nearness(byDevice) : null;
}

function nearness({ nexthop }: FibResult): 'next-door' | null {
  return nexthop.scope >= scopes.host ? 'next-door' : null;
}

function wayBack(host: Host, { packet, mark }: SkBuff, device: Device, output: Device | null, sender: number): FlowKey {
  const { heedPorts } = host.rules;
  return {
    output: null,
    input: output ?? host.loopback,
    mark: host.sysctls.interfaceValues(device.name).sourceValidMark ? mark : 0,
    tos: packet.tos,
    scope: scopes.universe,
    protocol: heedPorts ? packet.protocol : 0,
    source: sender,
    destination: packet.source,
    sourcePort: heedPorts ? packet.destinationPort : 0,
    destinationPort: heedPorts ? packet.sourcePort : 0,
    uid: 0,
  };
}

/** What no look-up has led back to is refused, if there is a filter. */
function notFound(host: Host, skb: SkBuff, device: Device, found: FibResult | RouteError): Disbelief | null {
  const { reversePath } = host.sysctls.interfaceValues(device.name);
  return reversePath === 0 ? null : disbelieve(host, skb, device, 'reverse-path', found);
}

/** Any of the route's nexthops will do, a dead one too. */
function leadsBackBy(host: Host, found: FibResult, device: Device): boolean {
  return (found.route.info.type === 'local' && device === host.loopback) || usesDevice(found, device);
}

function disbelieve(
  host: Host,
  { packet: { source, destination }, trail }: SkBuff,
  device: Device,
  why: Disbelief,
  found?: FibResult | RouteError,
): Disbelief {
  const values = host.sysctls.interfaceValues(device.name);
  if (values.logMartians) {
    host.log.push(`martian source ${formatIPv4(destination)} from ${formatIPv4(source)}, on dev ${device.name}`);
  }
  if (trail) {
    const back =
      found === undefined || typeof found === 'string' ? 'not at all' : `by ${found.nexthop.device?.name ?? 'nowhere'}`;
    const reason = {
      'reverse-path': `${formatIPv4(source)} is reached ${back}, not by ${device.name}; rp_filter is ${values.reversePath}`,
      'local-source': `${formatIPv4(source)} is an address of ${host.name} itself, and accept_local is 0`,
      'invalid-source': `${formatIPv4(source)} is not an address to send from`,
    }[why];
    trail('drop', reason);
  }
  return why;
}
