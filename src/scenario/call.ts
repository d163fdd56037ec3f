import type { Protocol } from '../backend/crossing.ts';
import type { Request, Service } from '../backend/service.ts';
import { addressOf, endsOf, type Topology } from '../topology/topology.ts';

/** What address a UDP server's answer carries, and by which interface it is to leave. */
export const senders = {
  unbound: 'an unbound socket: both are left to routing',
  bound: 'a socket bound to the address that is called, or to that of --bind',
  pktinfo: 'the address that was called, by IP_PKTINFO, as dnsmasq does; the interface is left to routing',
  'pktinfo-interface': 'the address that was called and the interface, by IP_PKTINFO, as OpenVPN does with --multihome',
} as const;

export type Sender = keyof typeof senders;

/** One request that is to be followed. */
export interface Call {
  /** The host that calls. */
  readonly from: string;
  /** The host that is called, and the interface whose address it is called by. */
  readonly to: { readonly host: string; readonly interface: string };
  readonly protocol: Exclude<Protocol, 'arp'>;
  /** 0 with ICMP. */
  readonly port: number;
  /** ICMP's identifier. */
  readonly sourcePort: number;
  /** Counts with UDP only. */
  readonly sender: Sender;
  /** The server's own address that a bound socket is bound to; null: the one that is called. */
  readonly bind: string | null;
  /** The host behind the one that is called, to which that forwards the port; absent: the host that is called answers. */
  readonly behind?: Behind;
}

/** Where a call ends up that a server forwards. */
export interface Behind {
  readonly host: string;
  readonly address: string;
  /** 0 with ICMP. */
  readonly port: number;
}

/** What a call is made with: a server, a client for it, and the tunnel devices that both need. */
export interface Cast {
  /** Null: the host itself answers. */
  readonly service: Service | null;
  /** The host on which the service runs. */
  readonly host: string;
  readonly request: Request;
  readonly tunnels: Readonly<Record<string, readonly string[]>>;
}

/** The address that is called: the first of the interface's. */
export function calledAddress(topology: Topology, { to }: Call): string {
  const [address] = endsOf(topology, to.host).find((end) => end.interface === to.interface)?.addresses ?? [];
  if (address === undefined) throw new Error(`${to.host} has no address on ${to.interface}`);
  return addressOf(address);
}

const tunnel = 'tun0';
/** OpenVPN's own, between server and client. */
const inside = { network: '10.8.0.0/24', server: '10.8.0.1' };
/** A name server's one record (RFC 2606, RFC 5737). */
const record = { name: 'trace.test', address: '192.0.2.1' };

/** The program that sends its answers in the way that is asked for, and its client. */
export function castOf(topology: Topology, call: Call): Cast {
  const { protocol, sourcePort, sender, from } = call;
  const server = calledAddress(topology, call);
  const { host, address, port } = call.behind ?? { host: call.to.host, address: server, port: call.port };
  const [shared, called] = [
    { name: 'traced', port },
    { server, port: call.port, sourcePort },
  ];
  const cast = (service: Service | null, request: Request): Cast => ({ service, host, request, tunnels: {} });
  switch (protocol) {
    case 'icmp':
      return cast(null, { ...called, kind: 'ping' });
    case 'tcp':
      return cast({ ...shared, kind: 'tcp-echo' }, { ...called, kind: 'tcp-echo' });
    case 'udp':
      break;
  }
  switch (sender) {
    case 'unbound':
    case 'bound': {
      const binding =
        sender === 'bound'
          ? ({ kind: 'address', address: call.bind ?? address } as const)
          : { kind: 'wildcard' as const };
      return cast({ ...shared, kind: 'udp-echo', binding }, { ...called, kind: 'udp-echo', count: 1 });
    }
    case 'pktinfo': {
      const addresses = endsOf(topology, host).flatMap((end) => end.addresses.map(addressOf));
      const records = { [record.name]: record.address };
      return cast(
        { ...shared, kind: 'dns', binding: 'pktinfo', addresses, records },
        { ...called, kind: 'dns', ...record },
      );
    }
    case 'pktinfo-interface':
      return {
        host,
        service: {
          ...{ ...shared, kind: 'openvpn', protocol: 'udp', tunnel, network: inside.network },
          binding: { kind: 'multihome' },
        },
        request: { ...called, kind: 'openvpn', protocol: 'udp', tunnel, through: inside.server, float: false },
        tunnels: { [host]: [tunnel], [from]: [tunnel] },
      };
  }
}
