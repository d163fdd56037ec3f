import type { Location } from '../candidate/commands/location.ts';
import type { Crossing } from './crossing.ts';

/** What decided, on a packet's way through a host. */
export type Stage =
  | 'rule'
  | 'route'
  | 'nexthop'
  | 'source'
  | 'reverse-path'
  | 'netfilter'
  | 'conntrack'
  | 'nat'
  | 'socket'
  | 'icmp'
  | 'drop';

/** One step in what a host made of a packet. */
export interface Decision {
  readonly host: string;
  /** The packet's, as its crossings have it. */
  readonly identity: string;
  /** Whom the packet was for when this host began with it, as a crossing has it. */
  readonly destination: string;
  /** How many crossings the lab had recorded before; or the packet's own crossing that this came right before or after. */
  readonly after: number | Beside;
  readonly stage: Stage;
  /** In the kernel's words, e.g. `rule 101: from 203.0.113.2 lookup 101`. */
  readonly text: string;
  /** The command of a script that made it so. */
  readonly at?: Location;
}

/** The crossing by which a packet had come in, or by which it then went out. */
export interface Beside {
  readonly crossing: Crossing;
  readonly side: 'before' | 'after';
}
