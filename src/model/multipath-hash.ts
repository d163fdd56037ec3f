import { sipHash24 } from '../net/siphash.ts';
import type { Era } from './era.ts';
import type { FlowKey } from './flow.ts';
import type { Host } from './host.ts';
import { jhash2words } from './jhash.ts';
import { multipathKey, type Flow } from './multipath.ts';
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

function seedOf({ sysctls, hashSecret }: Host): number {
  return sysctls.read('ipv4.fib_multipath_hash_seed') || hashSecret;
}

/** struct flow_keys from its `basic` field on, with IPv4 addresses, rounded up to whole 64-bit words. */
const keys = new Uint8Array(48);
const view = new DataView(keys.buffer);

/** All 32 bits. What is hashed lies in memory as the kernel's flow keys do, on a little-endian machine. */
function hashFull(host: Host, flow: Flow): number {
  const ordered = inOrder(flow, host.era.hashOrder);
  view.setUint8(2, ordered.protocol);
  view.setUint16(28, ordered.sourcePort);
  view.setUint16(30, ordered.destinationPort);
  view.setUint32(36, ordered.source);
  view.setUint32(40, ordered.destination);
  return sipHash24(multipathKey(seedOf(host)), keys).low || 1;
}

/** A hash that differs from that of the answer. */
function hashUnordered(host: Host, { source, destination }: Flow): number {
  const words = new Uint8Array(8);
  const pair = new DataView(words.buffer);
  pair.setUint32(0, source);
  pair.setUint32(4, destination);
  return sipHash24(multipathKey(seedOf(host)), words).low >>> 1;
}

/**
 * Puts source and destination in order, so that an answer hashes as its request does (net/core/flow_dissector.c,
 * __flow_hash_consistentify). Words are compared as they lie in memory: last octet first.
 */
function inOrder(flow: Flow, order: Era['hashOrder']): Flow {
  const [source, destination] = [reverse32(flow.source), reverse32(flow.destination)];
  const [from, to] = [reverse16(flow.sourcePort), reverse16(flow.destinationPort)];
  const difference = (destination - source) | 0;
  const swapAddresses =
    order === 'unsigned'
      ? destination < source
      : difference < 0 || (order === 'pairs' && difference === 0 && to < from);
  const swapPorts = order === 'pairs' ? swapAddresses : to < from;
  return {
    protocol: flow.protocol,
    source: swapAddresses ? flow.destination : flow.source,
    destination: swapAddresses ? flow.source : flow.destination,
    sourcePort: swapPorts ? flow.destinationPort : flow.sourcePort,
    destinationPort: swapPorts ? flow.sourcePort : flow.destinationPort,
  };
}

function reverse32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function reverse16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
