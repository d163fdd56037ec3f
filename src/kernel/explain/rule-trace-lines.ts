/** One packet's way through a host's rules, as `nft monitor trace` tells it. */
export interface RuleTrace {
  /** Where it began: what came in, or what the host itself sent. */
  readonly from: 'prerouting' | 'output';
  /** As it was then: `address:port`, or the address alone. */
  readonly source: string;
  readonly destination: string;
  /** The IP header's identification and total length. */
  readonly id: number;
  readonly length: number;
  /** As what, destined where, it last went into a chain. */
  readonly last: { readonly source: string; readonly destination: string };
  readonly steps: readonly Step[];
}

/** A rule that matched, or the end of a chain. */
export interface Step {
  readonly hook: string;
  /** Of the base chain: `filter`, `nat`, or `route`, after which the packet is routed again if it was changed. */
  readonly type: string;
  /** `ip nat PREROUTING`. */
  readonly chain: string;
  /** A rule in nft's words, without counters; of a policy, `policy drop`; empty: only the mark is told. */
  readonly text: string;
  readonly verdict: string;
  /** The packet's mark then, such as 0x00000001; null where it has none, or it isn't told. */
  readonly mark: string | null;
}

/** The base chains of a host, by family, table and name. */
export type BaseChains = ReadonlyMap<string, { readonly hook: string; readonly type: string }>;

/** Reads what `nft -j list chains` prints. */
export function readBaseChains(json: string): BaseChains {
  const { nftables } = JSON.parse(json) as {
    readonly nftables: readonly {
      readonly chain?: Readonly<Record<'family' | 'table' | 'name' | 'hook' | 'type', string>>;
    }[];
  };
  return new Map(
    nftables.flatMap(({ chain }) =>
      chain?.hook ? [[`${chain.family} ${chain.table} ${chain.name}`, { hook: chain.hook, type: chain.type }]] : [],
    ),
  );
}

/** The table that has packets traced; of its own rules nothing is told. */
export const tracer = 'multihome-lab-trace';

interface Mutable {
  trace: Omit<RuleTrace, 'steps' | 'last'>;
  last: RuleTrace['last'];
  steps: Step[];
  base: { readonly hook: string; readonly type: string };
}

/** Puts the lines of `nft -n monitor trace` together: in the order in which their packets came into the host. */
export function readRuleTraces(lines: readonly string[], chains: BaseChains): readonly RuleTrace[] {
  const traces: Mutable[] = [];
  /** A later packet may have the same number again. */
  const current = new Map<string, Mutable>();
  for (const line of lines) {
    const [, id, family, table, chain, kind, rest = ''] =
      /^trace id (\w+) (\w+) (\S+) (\S+) (packet:|rule|policy|verdict|unknown rule handle) (.*)$/.exec(line) ?? [];
    if (id === undefined || kind === undefined) continue;
    const name = `${family} ${table} ${chain}`;
    const known = current.get(id);
    if (kind === 'packet:') {
      const packet = readPacket(rest);
      const from = table === tracer ? chain : undefined;
      if (packet && (from === 'prerouting' || from === 'output')) {
        const begun: Mutable = {
          trace: { from, ...packet },
          last: packet,
          steps: [],
          base: { hook: from, type: 'filter' },
        };
        traces.push(begun);
        current.set(id, begun);
      } else if (packet && known) known.last = packet;
      continue;
    }
    if (!known || table === tracer) continue;
    known.base = chains.get(name) ?? known.base;
    const step = readStep(kind, rest);
    if (step) known.steps.push({ ...known.base, chain: name, ...step });
  }
  return traces.map(({ trace, last, steps }) => {
    const { source, destination } = last;
    return { ...trace, last: { source, destination }, steps };
  });
}

/** Of what a chain says at its end, only that it drops a packet is told, and the packet's mark: accepting is no decision. */
function readStep(kind: string, rest: string): Pick<Step, 'text' | 'verdict' | 'mark'> | null {
  const mark = /meta mark (0x[\da-f]+)\s*$/.exec(rest)?.[1] ?? null;
  if (kind === 'policy' && rest.startsWith('drop')) return { text: 'policy drop', verdict: 'drop', mark };
  if (kind === 'policy' || kind === 'verdict') return mark === null ? null : { text: '', verdict: '', mark };
  const [, rule = rest, verdict = ''] = /^(.*) \(verdict ([^)]*)\)/.exec(rest) ?? [];
  return { text: rule.replace(/counter packets \d+ bytes \d+ ?/, '').trim(), verdict, mark };
}

function readPacket(text: string): Pick<RuleTrace, 'source' | 'destination' | 'id' | 'length'> | null {
  const word = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1];
  const source = word(/\bip saddr (\S+)/);
  const destination = word(/\bip daddr (\S+)/);
  const [id, length] = [word(/\bip id (\d+)/), word(/\bip length (\d+)/)];
  if (source === undefined || destination === undefined || id === undefined || length === undefined) return null;
  const port = (side: string): string => {
    const found = word(new RegExp(`\\b(?:udp|tcp) ${side} (\\d+)`));
    return found === undefined ? '' : `:${found}`;
  };
  return {
    source: `${source}${port('sport')}`,
    destination: `${destination}${port('dport')}`,
    ...{ id: Number(id), length: Number(length) },
  };
}
