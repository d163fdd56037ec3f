import { sipHash24 } from '../net/siphash.ts';
import type { FlowKey } from './flow.ts';
import type { Host } from './host.ts';
import { jhash2words } from './jhash.ts';
import { hashKeys, multipathKey, type Flow } from './multipath.ts';
import { isIcmpError, protocols, type Packet } from './packet.ts';

/**
 * The 31-bit hash that a nexthop is chosen by, for a flow of the host's own (net/ipv4/route.c, fib_multipath_hash without
 * an skb).
 */
export function hashOfFlow(host: Host, flow: FlowKey): number {
  const { era } = host;
  const ports: Flow = {
    source: flow.source,
    destination: flow.destination,
    protocol: flow.protocol,
    sourcePort: flow.sourcePort,
    destinationPort: flow.destinationPort,
  };
  if (era.localFlowHash === 'layer-4') return hashFlow(host, ports);
  switch (policyOf(host)) {
    case 1:
      return hashFlow(host, ports);
    case 3: {
      const fields = host.sysctls.read('ipv4.fib_multipath_hash_fields');
      return (fields & outerFields) === 0 ? 0 : hashFlow(host, selectFields(ports, fields));
    }
    default:
      return hashFlow(host, addressesOnly(ports));
  }
}

/** The same for a packet that is forwarded, or that an ICMP error is about. */
export function hashOfPacket(host: Host, packet: Packet): number {
  const { era } = host;
  if (!era.symmetricForwardHash) return hashUnordered(host, layer3Of(packet, false));
  switch (policyOf(host)) {
    case 1:
      return packet.socketHash === null ? hashFlow(host, layer4Of(packet)) : packet.socketHash >>> 1;
    case 3: {
      const fields = host.sysctls.read('ipv4.fib_multipath_hash_fields');
      const outer = (fields & outerFields) === 0 ? 0 : hashFull(host, selectFields(layer4Of(packet), fields));
      return jhash2words(outer, 0, 0) >>> 1;
    }
    default:
      return hashFlow(host, addressesOnly(layer3Of(packet, true)));
  }
}

/** fib_multipath_hash_fields: source, destination, protocol, (flow label), source port, destination port of the outer header. */
const outerFields = 0x3f;

function policyOf({ era, sysctls }: Host): number {
  return Math.min(sysctls.read('ipv4.fib_multipath_hash_policy'), era.hashPolicies);
}

function selectFields(flow: Flow, fields: number): Flow {
  const pick = (bit: number, value: number): number => ((fields & (1 << bit)) === 0 ? 0 : value);
  return {
    source: pick(0, flow.source),
    destination: pick(1, flow.destination),
    protocol: pick(2, flow.protocol),
    sourcePort: pick(4, flow.sourcePort),
    destinationPort: pick(5, flow.destinationPort),
  };
}

function addressesOnly({ source, destination }: Flow): Flow {
  return { source, destination, protocol: 0, sourcePort: 0, destinationPort: 0 };
}

/** Of an ICMP error, the addresses of the packet that it is about: it goes as that packet's answer would. */
function layer3Of(packet: Packet, sourceQuench: boolean): Flow {
  const about = isIcmpError(packet) && (sourceQuench || packet.icmp.type !== 4) ? packet.icmp.about : packet;
  return layer4Of(about);
}

function layer4Of({ source, destination, protocol, sourcePort, destinationPort }: Packet): Flow {
  const hasPorts = protocol !== protocols.icmp;
  return {
    source,
    destination,
    protocol,
    sourcePort: hasPorts ? sourcePort : 0,
    destinationPort: hasPorts ? destinationPort : 0,
  };
}

function hashFlow(host: Host, flow: Flow): number {
  return hashFull(host, flow) >>> 1;
}

/** Whether the hash has a secret of the host's own, for want of a seed. */
export function isSecret({ sysctls }: Host): boolean {
  return sysctls.read('ipv4.fib_multipath_hash_seed') === 0;
}

function seedOf(host: Host): number {
  return isSecret(host) ? host.hashSecret : host.sysctls.read('ipv4.fib_multipath_hash_seed');
}

/** All 32 bits. */
function hashFull(host: Host, flow: Flow): number {
  return hashKeys(flow, seedOf(host), host.era.hashOrder);
}

/** A hash that differs from that of the answer. */
function hashUnordered(host: Host, { source, destination }: Flow): number {
  const words = new Uint8Array(8);
  const pair = new DataView(words.buffer);
  pair.setUint32(0, source);
  pair.setUint32(4, destination);
  return sipHash24(multipathKey(seedOf(host)), words).low >>> 1;
}
