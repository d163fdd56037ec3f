import type { Prefix } from '../../net/address.ts';
import type { Location } from './location.ts';

/* What iproute2 is told, in its own terms. Addresses are unsigned 32-bit numbers. Devices are names: whether they exist is the machine's affair. */

export type IpCommand =
  LinkCommand | AddressCommand | RouteCommand | RuleCommand | NeighbourCommand | NexthopCommand | MonitorCommand;

/** `ip link`. */
export type LinkCommand =
  | {
      readonly object: 'link';
      readonly action: 'add';
      readonly device: string;
      /** `bridge` and `dummy` carry nothing anywhere by themselves. Null: the kernel makes up the peer's name. */
      readonly type: { readonly kind: 'veth'; readonly peer: string | null } | { readonly kind: 'dummy' | 'bridge' };
      readonly state: 'up' | 'down';
      readonly mtu: number | null;
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
  | {
      readonly object: 'link';
      readonly action: 'show';
      readonly device: string | null;
      /** Only those that are up. */
      readonly up: boolean;
      readonly output: Output;
    };

/** `ip monitor link`: says what befalls links, until it is ended. */
export interface MonitorCommand {
  readonly object: 'monitor';
  /** The one link that is meant; null: all. */
  readonly device: string | null;
  readonly output: Output;
}

/** `ip address`. */
export type AddressCommand =
  | {
      readonly object: 'address';
      readonly action: 'add' | 'replace' | 'change';
      readonly device: string;
      readonly address: InterfaceAddress;
      /** False with `noprefixroute`: no connected route comes with it. */
      readonly prefixRoute: boolean;
      /** Such as `eth0:1`, for ifconfig; null: the device's name. */
      readonly label: string | null;
      /** Of the connected route; null: the kernel's own, 0. */
      readonly metric: number | null;
    }
  | {
      readonly object: 'address';
      readonly action: 'delete';
      readonly device: string;
      readonly local: number;
      /** Null: of whatever length, the first that is found. */
      readonly length: number | null;
      /** Null: whatever it is. */
      readonly peer: number | null;
    }
  | {
      readonly object: 'address';
      readonly action: 'flush' | 'show';
      readonly selector: AddressSelector;
      readonly output: Output;
    };

/** What addresses `ip address show` and `flush` are about; null: any. */
export interface AddressSelector {
  readonly device: string | null;
  /** Those within. */
  readonly within: Prefix | null;
  readonly scope: number | null;
  readonly secondary: boolean | null;
  /** Only of links that are up. */
  readonly up: boolean;
}

export interface InterfaceAddress {
  /** The host's own address with the network it lies in; with a peer, the length is that of the peer's network. */
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
      /** Null: the caller's. */
      readonly uid: number | null;
      readonly output: Output;
    };

export type RouteType =
  'unicast' | 'local' | 'broadcast' | 'multicast' | 'unreachable' | 'blackhole' | 'prohibit' | 'throw';

/** A route as the kernel is told of it: what `ip` fills in by itself is filled in. */
export interface RouteSpecification {
  /** Null when deleting: any. */
  readonly type: RouteType | null;
  /** Host bits as given; the kernel refuses them. */
  readonly destination: Prefix;
  readonly tos: number;
  readonly table: number;
  /** Null: 0; when deleting, any. */
  readonly metric: number | null;
  /** Routing protocol number; null when deleting: any. */
  readonly protocol: number | null;
  /** Routing scope; null when deleting: any. */
  readonly scope: number | null;
  /** Preferred source, `src`. */
  readonly source: number | null;
  /** None with a nexthop object, and for types that need none. */
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
  /** `all`: every table, that of `local` too. */
  readonly table: number | 'all';
  /** `exact`, or `root`: that prefix and longer ones, or `match`: it and shorter ones. */
  readonly prefix: { readonly kind: 'exact' | 'root' | 'match'; readonly prefix: Prefix } | null;
  /** Of routes with one nexthop. */
  readonly device: string | null;
  /** Of routes with one nexthop. */
  readonly gateway: number | null;
  readonly protocol: number | null;
  readonly scope: number | null;
  readonly type: RouteType | null;
  readonly source: number | null;
  readonly tos: number | null;
  readonly metric: number | null;
}

/** `ip rule`. */
export type RuleCommand =
  | { readonly object: 'rule'; readonly action: 'add' | 'delete'; readonly rule: RuleSpecification }
  | {
      readonly object: 'rule';
      readonly action: 'flush' | 'show';
      readonly selector: RuleSelector;
      readonly output: Output;
    };

/** What rules `ip rule show` and `flush` are about; null: any. The rule of priority 0 is never flushed. */
export interface RuleSelector {
  readonly priority: number | null;
  /** Rules whose prefix lies within this one. */
  readonly from: Prefix | null;
  readonly to: Prefix | null;
  readonly mark: { readonly value: number; readonly mask: number | null } | null;
  readonly inputDevice: string | null;
  readonly outputDevice: string | null;
  readonly table: number | null;
}

export interface RuleSpecification {
  /** Null: one less than the second rule's, as the kernel numbers them; when deleting, any. */
  readonly priority: number | null;
  readonly not: boolean;
  /** Null: any, as is a prefix of length 0. */
  readonly from: Prefix | null;
  readonly to: Prefix | null;
  /** Null for `fwmark 0` too, which is no condition unless a mask says so. */
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
      readonly action: 'add' | 'replace' | 'change';
      readonly device: string;
      readonly address: number;
      /** Hardware address, such as `02:00:00:00:00:01`. */
      readonly hardware: string | null;
      readonly state: NeighbourState;
    }
  | { readonly object: 'neighbour'; readonly action: 'delete'; readonly device: string; readonly address: number }
  | {
      readonly object: 'neighbour';
      readonly action: 'flush' | 'show';
      readonly device: string | null;
      readonly output: Output;
    };

export type NeighbourState =
  'permanent' | 'noarp' | 'reachable' | 'stale' | 'delay' | 'probe' | 'failed' | 'incomplete' | 'none';

/** `ip nexthop`. */
export type NexthopCommand =
  | {
      readonly object: 'nexthop';
      readonly action: 'add' | 'replace';
      readonly id: number;
      readonly protocol: number;
      readonly nexthop:
        | { readonly kind: 'nexthop'; readonly nexthop: NexthopSpecification }
        | { readonly kind: 'group'; readonly members: readonly { readonly id: number; readonly weight: number }[] }
        | { readonly kind: 'blackhole' };
    }
  | { readonly object: 'nexthop'; readonly action: 'delete'; readonly id: number }
  | { readonly object: 'nexthop'; readonly action: 'flush' }
  | { readonly object: 'nexthop'; readonly action: 'show'; readonly id: number | null; readonly output: Output };

/** How a listing is to be printed. */
export interface Output {
  readonly json: boolean;
  /** `-pretty`: JSON over many lines. */
  readonly pretty: boolean;
  /** `-oneline`. */
  readonly oneline: boolean;
  readonly brief: boolean;
  readonly details: boolean;
  /** `-4`: IPv4 alone, where addresses of links are shown. */
  readonly inet: boolean;
}

/** A command, and where it stands. */
export interface Placed<Command> {
  readonly command: Command;
  readonly at: Location;
}
