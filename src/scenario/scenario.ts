import type { Feature } from '../backend/feature.ts';
import type { Lab } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import type { Topology } from '../topology/topology.ts';
import { inEra, isByEra, type ByEra } from './by-era.ts';
import type { CheckResult } from './result.ts';

/**
 * Topology, traffic, faults and expectations; written once, run on either backend. What a file in `scenarios/` exports.
 * `Setting` is what the scenario itself wants to know about each of its trials.
 */
export interface Scenario<Setting = unknown> {
  readonly title: string;
  /** What one sees, why, and how to mend it; for people. */
  readonly lesson: string;
  /** The matrix's columns. */
  readonly services: readonly string[];
  readonly trials: readonly Trial<Setting | ByEra<Setting>>[];
  /**
   * Trials of a configuration that the scenario has never heard of: what is expected of it is that everything works. Or why
   * there are none, in a few words.
   */
  open(candidate: Candidate): readonly Trial<Setting | ByEra<Setting>>[] | string;
  /** Carries a trial through, with the setting for its kernel, in a lab whose control has passed and whose server has its candidate. */
  run(lab: Lab, trial: Trial<Setting>, circumstances: Circumstances): Promise<readonly CheckResult[]>;
}

/** One candidate in one network. `Setting` may be by era: what is stated then depends on the kernel. */
export interface Trial<Setting = unknown> {
  /** Its name: of its folder in `lab/candidates`, or as the user names it. */
  readonly candidate: string;
  /** How the network differs from the scenario's usual one, in a few words; empty if it doesn't. */
  readonly variant: string;
  readonly topology: Topology;
  /** Tunnel devices that the trial uses, by host. */
  readonly tunnels: Readonly<Record<string, readonly string[]>>;
  /** Whether lines go and come in it as pppd has them, so that the candidate's `ip-up` and `ip-down` are run; absent: none does. */
  readonly redials?: boolean;
  /** What its network needs of a backend that not every one has: where it isn't there, the trial isn't begun. */
  readonly needs?: readonly Feature[];
  readonly setting: Setting;
}

export interface Circumstances {
  readonly candidate: Candidate;
  /** The kernel's release that runs, or that the model stands for. */
  readonly release: string;
  readonly seed: number;
}

/** A scenario's module exports it through this, so that its setting is typed inside and nobody else's business. */
export function defineScenario<Setting>(scenario: Scenario<Setting>): Scenario {
  return scenario;
}

/** A trial with what it states for a kernel. */
export function trialFor<Setting>(trial: Trial<Setting | ByEra<Setting>>, release: string): Trial<Setting> {
  const { setting } = trial;
  return { ...trial, setting: isByEra(setting) ? inEra(setting, release) : setting };
}

/** What people call a trial: its candidate, and how its network differs. */
export function trialName({ candidate, variant }: Pick<Trial, 'candidate' | 'variant'>): string {
  return variant ? `${candidate} (${variant})` : candidate;
}
