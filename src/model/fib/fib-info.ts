import type { RouteType } from '../../candidate/commands/ip.ts';
import type { Location } from '../../candidate/commands/location.ts';
import type { Device } from '../device.ts';
import type { NexthopException } from './exceptions.ts';
import type { NexthopGroup } from './nexthop-objects.ts';

/** Where a route leads: the kernel's fib_info. Routes that lead to the same place share one. */
export interface FibInfo {
  readonly type: RouteType;
  /** Routing protocol number: kernel 2, boot 3, static 4. */
  readonly protocol: number;
  readonly scope: number;
  /** The route's `src`; 0 for none. */
  readonly preferredSource: number;
  readonly metric: number;
  /** The table of the routes that lead there. */
  readonly table: number;
  readonly nexthops: readonly FibNexthop[];
  /** A nexthop object in place of nexthops of its own. */
  readonly group: NexthopGroup | null;
  /** How many routes lead there. */
  uses: number;
  /** None of its nexthops is in use, for good: its routes are gone. */
  dead: boolean;
  /** What is left of this round's shares, where nexthops take turns. */
  power: number;
}

/** One way on. */
export interface FibNexthop {
  readonly device: Device | null;
  /** 0: the destination is on the link itself. */
  readonly gateway: number;
  readonly weight: number;
  readonly onlink: boolean;
  /** How far off the nexthop is: link 253 for a gateway, host 254 for a link. */
  readonly scope: number;
  /** Its device is down or gone. */
  dead: boolean;
  /** Its device has no carrier. */
  linkDown: boolean;
  /** The largest hash it takes; -1 when it takes none. */
  upperBound: number;
  /** Its share of this round, where nexthops take turns. */
  power: number;
  /** The address sent from by it, as it was when last looked up (nh_saddr). */
  source: number;
  /** The age of the host's addresses when it was. */
  sourceGeneration: number;
  /** What redirects said, by destination; null: nothing yet. */
  exceptions: Map<number, NexthopException> | null;
}

/** A route in a table. */
export interface FibRoute {
  readonly destination: number;
  readonly length: number;
  readonly tos: number;
  readonly table: number;
  readonly info: FibInfo;
  /** The command that made it, if one did. */
  readonly at: Location | null;
  /** Of several default routes, the first one's: the place of that which was taken last; -1: none was (fa_default). */
  lastDefault: number;
  /** Whether a look-up has come to it: only then does anybody have to hear that it is gone (fa_state, FA_S_ACCESSED). */
  accessed: boolean;
}
