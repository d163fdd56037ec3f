/** What `tc` is told: how fast a link is, not where packets go. */
export type TcCommand =
  /** All that leaves by the device is held to this, in place of what it was held to before. */
  | { readonly action: 'shape'; readonly device: string; readonly shape: Shape }
  | { readonly action: 'unshape'; readonly device: string }
  /** A class of an htb on the device. */
  | { readonly action: 'class'; readonly device: string; readonly class: HtbClass }
  /** An order among packets of one link (sfq, fq_codel, …), a class removed, or a filter that only sorts into classes. */
  | { readonly action: 'no-bearing'; readonly device: string }
  | { readonly action: 'show'; readonly device: string | null };

/** Null: as it is without. */
export interface Shape {
  /** Bits a second. */
  readonly rate: number | null;
  /** Seconds that each packet takes longer. */
  readonly delay: number | null;
  /** The chance that a packet is lost, 0 to 1. */
  readonly loss: number | null;
}

export interface HtbClass {
  /** Such as `1:10`; its parent is a class, or the htb itself: `1:`. */
  readonly id: string;
  readonly parent: string;
  /** Bits a second that it is given, and up to which it may borrow. */
  readonly rate: number;
  readonly ceiling: number;
}
