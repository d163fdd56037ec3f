/** A look-up in one routing table, as Linux's tracepoint fib:fib_table_lookup tells of it (include/trace/events/fib.h). */
export interface TableLookUp {
  /**
   * Those that a processor makes for one packet, or for one process, have the same: what it makes meanwhile for another may stand
   * between them.
   */
  readonly thread: string;
  readonly table: number;
  readonly source: string;
  readonly destination: string;
  /** 0 where it isn't asked for: what comes in is looked up without, unless rules ask for it. */
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** The interface that it came in by; `lo` for what the host itself sends. */
  readonly input: string;
  /** The interface that it must leave by; null: any. */
  readonly output: string | null;
  readonly tos: number;
  readonly scope: number;
  /** Null: the kernel doesn't say. */
  readonly mark: number | null;
  /** 0: it found a route. EAGAIN: the next rule is asked. */
  readonly error: 0 | 'EAGAIN' | 'EINVAL' | 'EHOSTUNREACH' | 'EACCES';
  /** Of the route's first nexthop that may be used; null: there is none. */
  readonly device: string | null;
  /** Null: none, as far as is known. The kernel may name one where there is none. */
  readonly gateway: string | null;
}
