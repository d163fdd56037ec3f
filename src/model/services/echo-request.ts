import type { Device } from '../device.ts';
import type { RouteError } from '../flow.ts';
import type { Host } from '../host.ts';
import { sendLocal } from '../ip.ts';
import type { HookVerdict } from '../netfilter/hooks.ts';
import { protocols, type Packet } from '../packet.ts';
import { ownFlow, routeOutput } from '../route-output.ts';

/** Bytes of data that ping and fping send by default. */
const dataLength = 56;

/** A raw socket that sends echo requests and hears the answers with its identifier, from whatever address. */
export interface EchoSocket {
  readonly send: (destination: number, sequence: number) => HookVerdict | RouteError;
  close(): void;
}

/**
 * @param device SO_BINDTODEVICE; null: routing chooses
 * @param answered hears of each answer
 * @param source the address that the socket is bound to; 0: none
 * @param mark SO_MARK
 */
export function openEchoSocket(
  host: Host,
  identifier: number,
  device: Device | null,
  answered: (reply: Packet) => void,
  source = 0,
  mark = 0,
): EchoSocket {
  const { echoReplies } = host.sockets;
  echoReplies.set(identifier, answered);
  return {
    send: (destination, sequence) => sendEcho(host, { source, destination, identifier, sequence, mark }, device),
    close: () => {
      if (echoReplies.get(identifier) === answered) echoReplies.delete(identifier);
    },
  };
}

/** An identifier that nobody on the host uses. */
export function freeIdentifier(host: Host): number {
  for (;;) {
    const identifier = 1 + host.random.below(0xffff);
    if (!host.sockets.echoReplies.has(identifier)) return identifier;
  }
}

/** The packet has no source before it is routed; type and code stand where others have ports (net/ipv4/raw.c, raw_sendmsg). */
function sendEcho(
  host: Host,
  echo: Readonly<Record<'source' | 'destination' | 'identifier' | 'sequence' | 'mark', number>>,
  device: Device | null,
): HookVerdict | RouteError {
  const { source, destination, identifier, sequence, mark } = echo;
  const packet: Packet = {
    source,
    destination,
    protocol: protocols.icmp,
    tos: 0,
    ttl: host.sysctls.read('ipv4.ip_default_ttl'),
    sourcePort: 0,
    destinationPort: 0,
    icmp: { type: 8, code: 0, identifier, sequence, key: host.nextIdentity(), about: null },
    tcp: null,
    payload: { length: dataLength },
    socketHash: null,
    identity: host.nextIdentity(),
  };
  const trail = host.trailOf?.(host, packet) ?? null;
  const flow = ownFlow(host, {
    source,
    destination,
    output: device,
    mark,
    protocol: protocols.icmp,
    destinationPort: 8 << 8,
  });
  const route = routeOutput(host, flow, trail);
  if (typeof route === 'string') return route;
  const socket = { boundDevice: device, mark, uid: 0, transparent: false };
  return sendLocal(host, { ...packet, source: route.source }, route, { mark, socket, trail });
}
