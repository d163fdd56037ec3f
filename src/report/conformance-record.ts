import type { Shot } from '../backend/volley.ts';
import type { Difference } from '../scenario/conformance/compare.ts';
import type { Conformance, Disagreement } from '../scenario/conformance/conform.ts';
import type { Phase, Step, Trial } from '../scenario/conformance/trial.ts';
import type { Shard } from '../scenario/result.ts';
import { shard } from './run-shape.ts';
import { count, counts, list, object, oneOf, optional, orNull, text, truth, type Shape, type Shapes } from './shape.ts';

/** What `conformance.json` holds. */
export interface ConformanceRecord extends Omit<Conformance, 'tried' | 'decisions'> {
  /** The release of the kernel that the model was held to. */
  readonly kernel: string;
  /** How many journeys were to be compared, by all shards together. */
  readonly count: number;
  /** Absent: all trials were carried out. */
  readonly shard?: Shard;
  readonly tried: Readonly<Record<string, number>>;
  readonly decisions: Readonly<Record<string, number>>;
}

/** What came of it, as it is written down. */
export function recordOf(
  found: Conformance,
  facts: Pick<ConformanceRecord, 'kernel' | 'count' | 'shard'>,
): ConformanceRecord {
  const { disagreements, tried, decisions, ...figures } = found;
  const counted = { tried: Object.fromEntries(tried), decisions: Object.fromEntries(decisions) };
  return { ...facts, ...figures, ...counted, disagreements };
}

/** The same, read back. */
export function foundIn({
  tried,
  decisions,
  ...record
}: ConformanceRecord): Conformance & Pick<ConformanceRecord, 'kernel' | 'count'> {
  return { ...record, tried: new Map(Object.entries(tried)), decisions: new Map(Object.entries(decisions)) };
}

const shot = object({
  host: text,
  protocol: oneOf(['udp', 'tcp', 'icmp']),
  destination: text,
  port: count,
  sourcePort: count,
  source: optional(text),
  connected: optional(truth),
  device: optional(text),
  mark: optional(count),
  ttl: optional(count),
  stays: optional(truth),
  goesOn: optional(truth),
  asks: optional(text),
} satisfies Shapes<Shot>);

const step = object({ host: text, script: text, tries: list(text) } satisfies Shapes<Step>);

const disagreement = object({
  index: count,
  trial: object({
    seed: count,
    phases: list(object({ steps: list(step), shots: list(shot) } satisfies Shapes<Phase>)),
  } satisfies Shapes<Trial>),
  differences: list(
    object({ phase: count, shot: orNull(shot), kernel: list(text), model: list(text) } satisfies Shapes<Difference>),
  ),
  again: truth,
} satisfies Shapes<Disagreement>);

export const conformanceShape: Shape = object({
  kernel: text,
  count,
  shard: optional(object(shard satisfies Shapes<Shard>)),
  seed: count,
  trials: count,
  journeys: count,
  travelled: count,
  byChance: count,
  keptBack: count,
  unsteady: list(disagreement),
  drops: orNull(count),
  lookUps: orNull(count),
  disagreements: list(disagreement),
  tried: counts,
  decisions: counts,
} satisfies Shapes<ConformanceRecord>);
