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
  type Shapes,
} from './shape.ts';

const crossing = object({
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
} satisfies Shapes<Crossing>);

const verdict = object({
  answered: truth,
  accepted: truth,
  arrivedBy: orNull(text),
  leftBy: orNull(text),
  sourceMatches: truth,
  cause: orNull(oneOf(causeNames)),
} satisfies Shapes<Verdict>);

const cell = object({
  service: text,
  uplink: text,
  expected: word(
    (own) => outcomesOf(own as Expected).every((outcome) => outcomes.includes(outcome)),
    'outcomes of checks',
  ),
  found: oneOf(outcomes),
  ok: truth,
  detail: text,
  journey: object({ request: list(crossing), reply: list(crossing), verdict } satisfies Shapes<Journey>),
} satisfies Shapes<Omit<CellResult, 'kind'>>);

const statement = object({ name: text, expected: text, found: text, ok: truth } satisfies Shapes<
  Omit<StatementResult, 'kind'>
>);

const trial = object({
  candidate: text,
  variant: text,
  checks: list(byKind({ cell, statement })),
  chance: optional(truth),
  lacks: optional(text),
  error: optional(object({ message: text, hint: text } satisfies Shapes<NonNullable<TrialResult['error']>>)),
  milliseconds: number,
} satisfies Shapes<TrialResult>);

/** Which part of how many. */
export const shard = { index: upTo(9999), of: upTo(9999) };

/** What `results.json` holds. */
export const runShape: Shape = object({
  backend: oneOf(['kernel', 'model', 'both']),
  kernel: text,
  profile: text,
  seed: count,
  startedAt: text,
  shard: optional(
    object({
      ...shard,
      whole: list(object({ scenario: text, trials: list(text) } satisfies Shapes<RunShard['whole'][number]>)),
    } satisfies Shapes<RunShard>),
  ),
  scenarios: list(
    object({
      name: text,
      title: text,
      services: list(text),
      trials: list(trial),
      milliseconds: number,
    } satisfies Shapes<ScenarioResult>),
  ),
  milliseconds: number,
} satisfies Shapes<RunResult>);
