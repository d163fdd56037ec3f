import type { Prefix } from '../../net/address.ts';

/** `conntrack -F`, `-C`, `-D` and `-L`. A delete that finds nothing exits with status 1; one without a filter takes all. */
export type ConntrackCommand =
  { readonly action: 'flush' | 'count' } | { readonly action: 'delete' | 'list'; readonly filter: ConntrackFilter };

/** Null: any. Tuples as conntrack has them: the reply's source is where the original was translated to. */
export interface ConntrackFilter {
  readonly protocol: number | null;
  readonly originalSource: Prefix | null;
  readonly originalDestination: Prefix | null;
  readonly replySource: Prefix | null;
  readonly replyDestination: Prefix | null;
  /** Of the original direction. */
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly replySourcePort: number | null;
  readonly replyDestinationPort: number | null;
  readonly mark: { readonly value: number; readonly mask: number } | null;
  /** Only those whose source was translated (`--src-nat`), to this address if given; likewise for destinations. */
  readonly sourceNat: { readonly to: number | null } | null;
  readonly destinationNat: { readonly to: number | null } | null;
}
