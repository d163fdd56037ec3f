/** How Linux chooses among the nexthops of a default route, which more of what scenarios state depends on than on all else. */
import { byEra } from '../../src/scenario/by-era.ts';

export type Choice =
  /** By turns, a turn for each pair of addresses, which then keeps its nexthop: for minutes, or until any route changes. */
  | 'kept'
  /** By turns, a turn for each look-up: each packet of an unconnected socket, and each that is forwarded. */
  | 'in turn'
  /** By a hash: of addresses, ports and protocol for what the host itself sends, of addresses for what it forwards. */
  | 'by flow'
  /** By a hash of the addresses, with fib_multipath_hash_policy 0. */
  | 'by addresses';

export const choice = byEra<Choice>(
  'kept',
  { since: '3.6', is: 'in turn', because: 'the route cache was removed (89aef8921bfb)' },
  { since: '4.4', is: 'by flow', because: 'a hash took the place of turns (0e884c78ee19, 9920e48b830a)' },
  {
    since: '4.12',
    is: 'by addresses',
    because: 'fib_multipath_hash_policy came, for local senders, too (bf4e0a3db97e)',
  },
);

/** Whether a scenario can know which nexthop is chosen for what the host itself sends, by asking the kernel with addresses. */
export function isKnown(choice: Choice): boolean {
  return choice === 'kept' || choice === 'by addresses';
}
