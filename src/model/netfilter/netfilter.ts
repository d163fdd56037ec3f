import type { BaseChain, Hook, Rule, TableName } from '../../candidate/commands/netfilter.ts';
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import type { SkBuff } from '../skbuff.ts';
import type { RecentList } from './recent.ts';
import type { SetState } from './set.ts';

/** A host's ruleset, and where the kernel calls it. */
export interface Netfilter {
  readonly tables: Map<string, TableState>;
  /** By name, those that rules name. */
  readonly recentLists: Map<string, RecentList>;
  /** What is called at each hook, in order; made anew with each change of the ruleset. */
  hooks: Readonly<Record<Hook, readonly HookEntry[]>>;
  /** Counts base chains: of the same priority, the later one is called first. */
  registrations: number;
  /** The next rule's handle. */
  handles: number;
}

export interface TableState {
  readonly name: TableName;
  readonly chains: Map<string, ChainState>;
  readonly sets: Map<string, SetState>;
}

export interface ChainState {
  readonly name: string;
  base: BaseChain | null;
  readonly registered: number;
  rules: readonly RuleState[];
}

/** A rule that is ready to run. */
export interface RuleState {
  readonly rule: Rule;
  readonly handle: number;
  /** Carries the statements out. */
  readonly run: (evaluation: Evaluation) => RuleOutcome;
}

/** A packet at a hook. */
export interface Evaluation {
  readonly host: Host;
  readonly skb: SkBuff;
  readonly hook: Hook;
  readonly input: Device | null;
  /** As it was when the hook began: a change of route comes later. */
  readonly output: Device | null;
}

/** Null: the rule isn't for this packet. `continue`: it was carried out, and the next rule is asked. */
export type RuleOutcome = null | { readonly kind: 'continue' } | RuleVerdict;

/** What ends a rule, and more. */
export type RuleVerdict =
  { readonly kind: 'accept' | 'drop' | 'return' } | { readonly kind: 'jump' | 'goto'; readonly chain: string };

export type HookEntry =
  | { readonly kind: 'conntrack' | 'confirm' }
  | { readonly kind: 'nat'; readonly chains: readonly BoundChain[] }
  | ({ readonly kind: 'chain'; readonly reroutes: boolean } & BoundChain);

export interface BoundChain {
  readonly table: TableState;
  readonly chain: ChainState;
}

export function createNetfilter(): Netfilter {
  return {
    tables: new Map(),
    recentLists: new Map(),
    hooks: { prerouting: [], input: [], forward: [], output: [], postrouting: [] },
    registrations: 0,
    handles: 1,
  };
}

export function tableKey({ owner, family, name }: TableName): string {
  return `${owner} ${family} ${name}`;
}
