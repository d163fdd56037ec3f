import type { Crossing } from '../backend/crossing.ts';
import {
  outcomesOf,
  type CellResult,
  type Expected,
  type Journey,
  type RunResult,
  type RunShard,
  type ScenarioResult,
  type StatementResult,
  type TrialResult,
  type Verdict,
} from '../scenario/result.ts';
import { causeNames, outcomes } from './outcome.ts';
import {
  byKind,
  count,
  list,
  number,
  object,
  oneOf,
  optional,
  orNull,
  text,
  truth,
  upTo,
  word,
  type Shape,
} from './shape.ts';

const crossing = object<Crossing>({
  time: number,
  host: text,
  interface: text,
  direction: oneOf(['in', 'out']),
  source: text,
  destination: text,
  protocol: oneOf(['udp', 'tcp', 'icmp', 'arp']),
  identity: text,
  echo: optional(text),
  bytes: count,
  summary: text,
});

const verdict = object<Verdict>({
  answered: truth,
  accepted: truth,
  arrivedBy: orNull(text),
  leftBy: orNull(text),
  sourceMatches: truth,
  cause: orNull(oneOf(causeNames)),
});

const cell = object<Omit<CellResult, 'kind'>>({
  service: text,
  uplink: text,
  expected: word(
    (own) => outcomesOf(own as Expected).every((outcome) => outcomes.includes(outcome)),
    'outcomes of checks',
  ),
  found: oneOf(outcomes),
  ok: truth,
  detail: text,
  journey: object<Journey>({ request: list(crossing), reply: list(crossing), verdict }),
});

const statement = object<Omit<StatementResult, 'kind'>>({ name: text, expected: text, found: text, ok: truth });

const trial = object<TrialResult>({
  candidate: text,
  variant: text,
  checks: list(byKind({ cell, statement })),
  chance: optional(truth),
  lacks: optional(text),
  error: optional(object<NonNullable<TrialResult['error']>>({ message: text, hint: text })),
  milliseconds: number,
});

/** Which part of how many. */
export const shard = { index: upTo(9999), of: upTo(9999) };

/** What `results.json` holds. */
export const runShape: Shape = object<RunResult>({
  backend: oneOf(['kernel', 'model', 'both']),
  kernel: text,
  profile: text,
  seed: count,
  startedAt: text,
  shard: optional(
    object<RunShard>({
      ...shard,
      whole: list(object<RunShard['whole'][number]>({ scenario: text, trials: list(text) })),
    }),
  ),
  scenarios: list(
    object<ScenarioResult>({
      name: text,
      title: text,
      services: list(text),
      trials: list(trial),
      milliseconds: number,
    }),
  ),
  milliseconds: number,
});
