import type {
  Element,
  Hook,
  NetfilterChange,
  Rule,
  RuleReference,
  TableName,
} from '../../candidate/commands/netfilter.ts';
import { createSet } from './set.ts';
import {
  tableKey,
  type BoundChain,
  type ChainState,
  type HookEntry,
  type Netfilter,
  type RuleState,
  type TableState,
} from './netfilter.ts';
import { compileStatement } from './statement.ts';

/** Priorities at which the kernel's own parts are called (linux/netfilter_ipv4.h). */
const priorities = { conntrack: -200, natDestination: -100, natSource: 100, confirm: 0x7fffffff } as const;

/**
 * Changes a ruleset.
 *
 * @param now seconds, for elements that die
 * @returns what is wrong with it, or null; then nothing of it was done
 */
export function changeRuleset(netfilter: Netfilter, changes: readonly NetfilterChange[], now: number): string | null {
  const before = new Map([...netfilter.tables].map(([key, table]) => [key, copyOf(table)]));
  for (const change of changes) {
    const wrong = applyChange(netfilter, change, now) ?? null;
    if (wrong !== null) {
      netfilter.tables.clear();
      for (const [key, table] of before) netfilter.tables.set(key, table);
      bindHooks(netfilter);
      return wrong;
    }
  }
  bindHooks(netfilter);
  return null;
}

function copyOf(table: TableState): TableState {
  return {
    name: table.name,
    chains: new Map([...table.chains].map(([name, chain]) => [name, { ...chain }])),
    sets: new Map(table.sets),
  };
}

const missing = 'No such file or directory';

function applyChange(netfilter: Netfilter, change: NetfilterChange, now: number): string | null {
  switch (change.kind) {
    case 'add-table':
      if (netfilter.tables.has(tableKey(change.table))) return change.mustBeNew ? 'File exists' : null;
      netfilter.tables.set(tableKey(change.table), { name: change.table, chains: new Map(), sets: new Map() });
      return null;
    case 'delete-table':
      return netfilter.tables.delete(tableKey(change.table)) || !change.mustExist ? null : missing;
    case 'flush-ruleset':
      for (const [key, { name }] of netfilter.tables) {
        if (change.family === null || name.family === change.family) netfilter.tables.delete(key);
      }
      return null;
    default:
      return applyToTable(netfilter, change, now);
  }
}

type TableChange = Exclude<NetfilterChange, { kind: 'add-table' | 'delete-table' | 'flush-ruleset' }>;

function applyToTable(netfilter: Netfilter, change: TableChange, now: number): string | null {
  const table = findTable(netfilter, change.table);
  if (!table) return missing;
  switch (change.kind) {
    case 'flush-table':
      for (const chain of table.chains.values()) chain.rules = [];
      return null;
    case 'add-chain':
      return addChain(netfilter, table, change);
    case 'add-set':
      if (!table.sets.has(change.set.name)) table.sets.set(change.set.name, createSet(change.set, change.set.elements));
      return null;
    case 'delete-set':
      return table.sets.delete(change.set) ? null : missing;
    case 'flush-set':
    case 'add-elements':
    case 'delete-elements':
      return changeSet(table, change, now);
    case 'delete-chain':
    case 'rename-chain':
    case 'flush-chain':
    case 'set-policy':
    case 'add-rule':
    case 'delete-rule': {
      const chain = table.chains.get(change.chain);
      return chain ? applyToChain(netfilter, table, chain, change) : missing;
    }
  }
}

function changeSet(
  table: TableState,
  change: {
    readonly kind: 'flush-set' | 'add-elements' | 'delete-elements';
    readonly set: string;
    readonly elements?: readonly Element[];
  },
  now: number,
): string | null {
  const set = table.sets.get(change.set);
  if (!set) return missing;
  if (change.kind === 'flush-set') set.clear();
  else if (change.kind === 'add-elements') set.addElements(change.elements ?? [], now);
  else set.deleteElements(change.elements ?? []);
  return null;
}

function addChain(
  netfilter: Netfilter,
  table: TableState,
  change: Extract<NetfilterChange, { kind: 'add-chain' }>,
): string | null {
  const present = table.chains.get(change.chain);
  if (present) {
    if (change.mustBeNew) return 'File exists';
    if (change.base) present.base = change.base;
    return null;
  }
  netfilter.registrations += 1;
  table.chains.set(change.chain, {
    name: change.chain,
    base: change.base,
    registered: netfilter.registrations,
    rules: [],
  });
  return null;
}

type ChainChange = Extract<
  NetfilterChange,
  { kind: 'delete-chain' | 'rename-chain' | 'flush-chain' | 'set-policy' | 'add-rule' | 'delete-rule' }
>;

function applyToChain(netfilter: Netfilter, table: TableState, chain: ChainState, change: ChainChange): string | null {
  switch (change.kind) {
    case 'delete-chain':
      if (chain.rules.length > 0) return 'Device or resource busy';
      table.chains.delete(chain.name);
      return null;
    case 'rename-chain':
      if (table.chains.has(change.to)) return 'File exists';
      table.chains.delete(chain.name);
      table.chains.set(change.to, { ...chain, name: change.to });
      return null;
    case 'flush-chain':
      chain.rules = [];
      return null;
    case 'set-policy':
      if (!chain.base) return 'Operation not supported';
      chain.base = { ...chain.base, policy: change.policy };
      return null;
    case 'add-rule': {
      const lost = unknownChain(table, change.rule);
      if (lost !== null) return `chain ${lost} does not exist`;
      const place = change.position ?? chain.rules.length;
      if (place > chain.rules.length) return missing;
      const added = compileRule(netfilter, table, change.rule);
      chain.rules = chain.rules.toSpliced(place, change.replaces ? 1 : 0, added);
      return null;
    }
    case 'delete-rule': {
      const place = placeOf(chain, change.rule);
      if (place < 0) return missing;
      chain.rules = chain.rules.toSpliced(place, 1);
      return null;
    }
  }
}

/** A chain that the rule calls and that isn't there. */
function unknownChain(table: TableState, { statements }: Rule): string | null {
  for (const statement of statements) {
    if (statement.kind !== 'verdict') continue;
    const { verdict } = statement;
    if ((verdict.kind === 'jump' || verdict.kind === 'goto') && !table.chains.has(verdict.chain)) return verdict.chain;
  }
  return null;
}

function placeOf({ rules }: ChainState, reference: RuleReference): number {
  switch (reference.kind) {
    case 'index':
      return reference.index < rules.length ? reference.index : -1;
    case 'handle':
      return rules.findIndex(({ handle }) => handle === reference.handle);
    case 'same': {
      const wanted = JSON.stringify(reference.rule.statements);
      return rules.findIndex(({ rule }) => JSON.stringify(rule.statements) === wanted);
    }
  }
}

function findTable(netfilter: Netfilter, name: TableName): TableState | undefined {
  return netfilter.tables.get(tableKey(name));
}

function compileRule(netfilter: Netfilter, table: TableState, rule: Rule): RuleState {
  const executors = rule.statements.map((statement) => compileStatement(statement, table));
  netfilter.handles += 1;
  return {
    rule,
    handle: netfilter.handles,
    run: (evaluation) => {
      for (const execute of executors) {
        const step = execute(evaluation);
        if (step === 'break') return null;
        if (step !== 'next') return step;
      }
      return null;
    },
  };
}

/** Arranges what is called at each hook: by priority, and of the same priority the later one first. */
function bindHooks(netfilter: Netfilter): void {
  const bound = [...netfilter.tables.values()].flatMap((table) =>
    [...table.chains.values()].flatMap((chain) => (chain.base ? [{ table, chain, base: chain.base }] : [])),
  );
  const tracks = bound.length > 0;
  const at = (hook: Hook): readonly HookEntry[] => {
    const chains = bound
      .filter(({ base }) => base.hook === hook)
      .sort((one, other) => one.base.priority - other.base.priority || other.chain.registered - one.chain.registered);
    const entries: { readonly priority: number; readonly entry: HookEntry }[] = chains
      .filter(({ base }) => base.type !== 'nat')
      .map(({ table, chain, base }) => ({
        priority: base.priority,
        entry: { kind: 'chain', table, chain, reroutes: base.type === 'route' && hook === 'output' },
      }));
    const nat: readonly BoundChain[] = chains.filter(({ base }) => base.type === 'nat');
    const anyNat = bound.some(({ base }) => base.type === 'nat');
    const own = (priority: number, entry: HookEntry): void => {
      // The kernel's own parts were there before the chains of the same priority, and so come after them.
      const place = entries.findIndex((each) => each.priority > priority);
      entries.splice(place < 0 ? entries.length : place, 0, { priority, entry });
    };
    const isIn = hook === 'prerouting' || hook === 'output';
    const isOut = hook === 'input' || hook === 'postrouting';
    if (tracks && isIn) own(priorities.conntrack, { kind: 'conntrack' });
    if (anyNat && isIn) own(priorities.natDestination, { kind: 'nat', chains: nat });
    if (anyNat && isOut) own(priorities.natSource, { kind: 'nat', chains: nat });
    if (tracks && isOut) own(priorities.confirm, { kind: 'confirm' });
    return entries.map(({ entry }) => entry);
  };
  netfilter.hooks = {
    prerouting: at('prerouting'),
    input: at('input'),
    forward: at('forward'),
    output: at('output'),
    postrouting: at('postrouting'),
  };
}
