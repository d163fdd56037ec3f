import type { Device } from './device.ts';

/** What a look-up goes by: the kernel's flowi4. */
export interface FlowKey {
  /** The device it is to leave by: of a bound socket, say; null: whichever. */
  readonly output: Device | null;
  /** The device it came in by; the loopback device for what the host itself sends. */
  readonly input: Device;
  readonly mark: number;
  readonly tos: number;
  /** How far the destination must be off: universe 0, link 253. */
  readonly scope: number;
  readonly protocol: number;
  /** 0: not chosen yet. */
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly uid: number;
}

/** Why there is no route; what a sender gets to see. */
export type RouteError = 'ENETUNREACH' | 'EHOSTUNREACH' | 'EACCES' | 'EINVAL' | 'ENODEV';
