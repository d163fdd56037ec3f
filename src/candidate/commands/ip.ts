import type { Prefix } from '../../net/address.ts';
import type { Location } from './location.ts';

/* What iproute2 is told, in its own terms. Addresses are unsigned 32-bit numbers. Devices are names: whether they exist is the machine's affair. */

export type IpCommand = LinkCommand | AddressCommand | RouteCommand | RuleCommand | NeighbourCommand | NexthopCommand;

/** `ip link`. */
export type LinkCommand =
  | {
      readonly object: 'link';
      readonly action: 'add';
      readonly device: string;
      /** `bridge` and `dummy` carry nothing anywhere by themselves. */
      readonly type: { readonly kind: 'veth'; readonly peer: string } | { readonly kind: 'dummy' | 'bridge' };
    }
  | { readonly object: 'link'; readonly action: 'delete'; readonly device: string }
  | {
      readonly object: 'link';
      readonly action: 'set';
      readonly device: string;
      readonly state: 'up' | 'down' | null;
      readonly mtu: number | null;
      /** A bridge to join; '' to leave one (`nomaster`); null: as it is. */
      readonly master: string | null;
      readonly name: string | null;
    }
  | { readonly object: 'link'; readonly action: 'show'; readonly device: string | null; readonly output: Output };

/** `ip address`. */
export type AddressCommand =
  | {
      readonly object: 'address';
      readonly action: 'add' | 'replace' | 'delete';
      readonly device: string;
      readonly address: InterfaceAddress;
      /** `noprefixroute`: no connected route comes with it. */
      readonly prefixRoute: boolean;
    }
  | { readonly object: 'address'; readonly action: 'flush'; readonly device: string | null }
  | { readonly object: 'address'; readonly action: 'show'; readonly device: string | null; readonly output: Output };

export interface InterfaceAddress {
  /** The host's own address with the network it lies in; with a peer, the length is the peer's. */
  readonly local: Prefix;
  /** Of a point-to-point link. */
  readonly peer: number | null;
  readonly broadcast: number | null;
  /** Routing scopes: global 0, site 200, link 253, host 254. */
  readonly scope: number;
}

/** `ip route`. */
export type RouteCommand =
  | {
      readonly object: 'route';
      readonly action: 'add' | 'append' | 'prepend' | 'replace' | 'change' | 'delete';
      readonly route: RouteSpecification;
    }
  | {
      readonly object: 'route';
      readonly action: 'flush' | 'show';
      readonly selector: RouteSelector;
      readonly output: Output;
    }
  /** Has done nothing since Linux 3.6, and emptied the route cache before. */
  | { readonly object: 'route'; readonly action: 'flush-cache' }
  | {
      readonly object: 'route';
      readonly action: 'get';
      readonly destination: number;
      readonly source: number;
      readonly mark: number;
      readonly inputDevice: string | null;
      readonly outputDevice: string | null;
      readonly protocol: number;
      readonly sourcePort: number;
      readonly destinationPort: number;
      readonly tos: number;
      readonly output: Output;
    };

export type RouteType =
  'unicast' | 'local' | 'broadcast' | 'multicast' | 'unreachable' | 'blackhole' | 'prohibit' | 'throw';

export interface RouteSpecification {
  readonly type: RouteType;
  readonly destination: Prefix;
  readonly tos: number;
  /** Null: main, or local for types local and broadcast; when deleting, main. */
  readonly table: number | null;
  readonly metric: number | null;
  /** Routing protocol number; null: boot (3). */
  readonly protocol: number | null;
  /** Routing scope; null: what follows from type and gateway. */
  readonly scope: number | null;
  /** Preferred source, `src`. */
  readonly source: number | null;
  readonly nexthops: readonly NexthopSpecification[];
  /** `nhid`: a nexthop object in place of nexthops. */
  readonly nexthopId: number | null;
}

export interface NexthopSpecification {
  readonly gateway: number | null;
  readonly device: string | null;
  /** 1 to 256. */
  readonly weight: number;
  readonly onlink: boolean;
}

/** What routes `ip route show` and `flush` are about; null: any. */
export interface RouteSelector {
  /** `all`: every table but that of `local` when flushing. */
  readonly table: number | 'all';
  /** `exact`, or `root`: that prefix and longer ones, or `match`: it and shorter ones. */
  readonly prefix: { readonly kind: 'exact' | 'root' | 'match'; readonly prefix: Prefix } | null;
  readonly device: string | null;
  readonly gateway: number | null;
  readonly protocol: number | null;
  readonly scope: number | null;
  readonly type: RouteType | null;
  readonly source: number | null;
}

/** `ip rule`. */
export type RuleCommand =
  | { readonly object: 'rule'; readonly action: 'add' | 'delete'; readonly rule: RuleSpecification }
  | { readonly object: 'rule'; readonly action: 'flush' }
  | { readonly object: 'rule'; readonly action: 'show'; readonly output: Output };

export interface RuleSpecification {
  /** Null: one less than the second rule's, as the kernel numbers them; when deleting, any. */
  readonly priority: number | null;
  readonly not: boolean;
  readonly from: Prefix | null;
  readonly to: Prefix | null;
  readonly mark: { readonly value: number; readonly mask: number } | null;
  readonly inputDevice: string | null;
  readonly outputDevice: string | null;
  readonly tos: number | null;
  readonly protocol: number | null;
  readonly sourcePorts: PortRange | null;
  readonly destinationPorts: PortRange | null;
  readonly uids: { readonly from: number; readonly to: number } | null;
  readonly suppressPrefixLength: number | null;
  /** Null when deleting: whatever it does. */
  readonly action: RuleAction | null;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export type RuleAction =
  | { readonly kind: 'table'; readonly table: number }
  | { readonly kind: 'goto'; readonly priority: number }
  | { readonly kind: 'nop' | 'unreachable' | 'blackhole' | 'prohibit' };

/** `ip neigh`. */
export type NeighbourCommand =
  | {
      readonly object: 'neighbour';
      readonly action: 'add' | 'replace' | 'delete';
      readonly device: string;
      readonly address: number;
      /** Hardware address, such as `02:00:00:00:00:01`. */
      readonly hardware: string | null;
      readonly state: string;
    }
  | { readonly object: 'neighbour'; readonly action: 'flush'; readonly device: string | null };

/** `ip nexthop`. */
export type NexthopCommand =
  | {
      readonly object: 'nexthop';
      readonly action: 'add' | 'replace';
      readonly id: number;
      readonly nexthop:
        | NexthopSpecification
        | { readonly group: readonly { readonly id: number; readonly weight: number }[] }
        | 'blackhole';
    }
  | { readonly object: 'nexthop'; readonly action: 'delete'; readonly id: number };

/** How a listing is to be printed. */
export interface Output {
  readonly json: boolean;
  /** `-o`: one line each. */
  readonly oneline: boolean;
  /** `-4`, `-brief`, `-details`, … as given. */
  readonly flags: readonly string[];
}

/** A command, and where it stands. */
export interface Placed<Command> {
  readonly command: Command;
  readonly at: Location;
}
