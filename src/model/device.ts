import type { Host } from './host.ts';
import type { SkBuff } from './skbuff.ts';

/** A network device of a host. */
export interface Device {
  readonly index: number;
  readonly name: string;
  /** `point-to-point` devices need no hardware addresses: what is sent by them goes to the other end. */
  readonly kind: 'loopback' | 'ethernet' | 'point-to-point';
  /** Set up by the administrator. */
  up: boolean;
  /** Whether the other end is there. */
  carrier: boolean;
  /** In the kernel's order: primary ones by scope, then secondary ones. */
  addresses: readonly AssignedAddress[];
  /** Takes a packet to be carried to `neighbour` on the link. */
  transmit: (skb: SkBuff, neighbour: number) => void;
  /** Who has this address on the link, as ARP would find it; null if nobody answers. `sender` is the asker's address. */
  resolve: (address: number, sender: number) => Neighbour | null;
}

/** A neighbour's place on a link. */
export interface Neighbour {
  readonly host: Host;
  readonly device: Device;
}

/** An address of a device. */
export interface AssignedAddress {
  readonly local: number;
  /** The other end's, on a line from point to point; otherwise the same as `local`. */
  readonly peer: number;
  /** Of the prefix that `peer` lies in. */
  readonly length: number;
  readonly broadcast: number | null;
  /** Routing scope: global 0, link 253, host 254. */
  readonly scope: number;
  /** Another one of the same network came first. */
  readonly secondary: boolean;
  readonly prefixRoute: boolean;
  /** Such as `eth0:1`; null: the device's name. */
  readonly label: string | null;
  /** Of the route to its network. */
  readonly metric: number;
}

/** Routing scopes, as in linux/rtnetlink.h. */
export const scopes = { universe: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

/** The bits of a netmask. A shift by 32 is a shift by 0 in JavaScript, hence the special case. */
export function maskOf(length: number): number {
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}

/** Whether `address` lies in the network of an assigned one. */
export function isOnLink(assigned: AssignedAddress, address: number): boolean {
  return ((assigned.peer ^ address) & maskOf(assigned.length)) === 0;
}
