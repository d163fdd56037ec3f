import type { Cause } from '../backend/cause.ts';
import type { Crossing } from '../backend/crossing.ts';

/** A request and its reply, followed across hosts and NATs. */
export interface Journey {
  readonly request: readonly Crossing[];
  /** Empty when nothing came back out of the server. */
  readonly reply: readonly Crossing[];
  readonly verdict: Verdict;
}

/** What the packets of one journey say. */
export interface Verdict {
  /** A reply left the server. */
  readonly answered: boolean;
  /** The client took the reply for an answer to its request. */
  readonly accepted: boolean;
  /** The server's interface that the request came in by. */
  readonly arrivedBy: string | null;
  /** The server's interface that the reply left by. */
  readonly leftBy: string | null;
  /** The reply left from the address the request was sent to. */
  readonly sourceMatches: boolean;
  /** `null`: it works. */
  readonly cause: Cause | null;
}

/** `works`, or the cause of the failure. */
export type Outcome = 'works' | Cause;

/** What is to come of something: one thing, or either of two where chance decides between them. */
export type Expected = Outcome | `${Outcome} or ${Outcome}`;

/** The outcomes that are as expected. */
export function outcomesOf(expected: Expected): readonly Outcome[] {
  return expected.split(' or ') as Outcome[];
}

export function isExpected(expected: Expected, found: Outcome): boolean {
  return outcomesOf(expected).includes(found);
}

/** One cell of the matrix: one service, at one uplink, under one candidate. */
export interface CellResult {
  readonly kind: 'cell';
  readonly service: string;
  readonly uplink: string;
  readonly expected: Expected;
  readonly found: Outcome;
  readonly ok: boolean;
  /** One sentence for people: where the packets went. */
  readonly detail: string;
  /** The journey that decided it: the first that failed, or the first of all. */
  readonly journey: Journey;
}

/** A statement about anything but a cell: what a log says, how many packets a counter saw, that the control passed. */
export interface StatementResult {
  readonly kind: 'statement';
  readonly name: string;
  readonly expected: string;
  readonly found: string;
  readonly ok: boolean;
}

export type CheckResult = CellResult | StatementResult;

/** One candidate, tried once in one lab. */
export interface TrialResult {
  readonly candidate: string;
  /** How this trial's network differs from the scenario's usual one, e.g. `isp1 does not filter`; empty if it does not. */
  readonly variant: string;
  readonly checks: readonly CheckResult[];
  /** Chance chooses the nexthop of each packet, or which are lost: another run has other journeys. */
  readonly chance?: true;
  /** Why the trial was not begun: something that it needs is not on this kernel. It then has no checks. */
  readonly lacks?: string;
  /** Set when the trial could not be carried through; the trial then counts as failed. */
  readonly error?: { readonly message: string; readonly hint: string };
  readonly milliseconds: number;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  /** Column order of the matrix. */
  readonly services: readonly string[];
  readonly trials: readonly TrialResult[];
  readonly milliseconds: number;
}

/** One of several equal parts of the work. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

/** Which part of a run this is, and what all of it is. */
export interface RunShard extends Shard {
  /** The names of the trials, by scenario, in the order in which they are dealt out. */
  readonly whole: readonly { readonly scenario: string; readonly trials: readonly string[] }[];
}

/** One run of the lab: what `results.json` holds. */
export interface RunResult {
  readonly backend: 'kernel' | 'model' | 'both';
  /** The kernel's release that ran, or that the model stood for. */
  readonly kernel: string;
  /** The sysctl profile, by name. */
  readonly profile: string;
  readonly seed: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Absent: the run is no part of another. */
  readonly shard?: RunShard;
  readonly scenarios: readonly ScenarioResult[];
  readonly milliseconds: number;
}
