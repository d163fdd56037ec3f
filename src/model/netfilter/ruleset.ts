import type {
  Element,
  Hook,
  NamedSet,
  NetfilterChange,
  NetfilterCommand,
  Rule,
  RulePlace,
  RuleReference,
  TableName,
} from '../../candidate/commands/netfilter.ts';
import {
  tableKey,
  type BoundChain,
  type ChainState,
  type HookEntry,
  type Netfilter,
  type RuleState,
  type TableState,
} from './netfilter.ts';
import { keepRecentLists } from './recent.ts';
import { createSet } from './set.ts';
import { compileStatement } from './statement.ts';

/** Priorities at which the kernel's own parts are called (linux/netfilter_ipv4.h). */
const priorities = { conntrack: -200, natDestination: -100, natSource: 100, confirm: 0x7fffffff } as const;

/** Whether a command changes anything. */
export function isChange(command: NetfilterCommand): command is NetfilterChange {
  return command.kind !== 'check-rule' && command.kind !== 'list-rules' && command.kind !== 'list-ruleset';
}

/** The sets that a ruleset has, for those who read rules that name them. */
export function knownSets(netfilter: Netfilter): (table: TableName, name: string) => NamedSet | undefined {
  return (table, name) => findTable(netfilter, table)?.sets.get(name)?.declared ?? undefined;
}

/**
 * Changes a ruleset.
 *
 * @param now seconds, for elements that die
 * @returns what is wrong with it, or null; then nothing of it was done
 */
export function changeRuleset(netfilter: Netfilter, changes: readonly NetfilterChange[], now: number): string | null {
  const before = new Map([...netfilter.tables].map(([key, table]) => [key, copyOf(table)]));
  for (const change of changes) {
    const wrong = applyChange(netfilter, change, now);
    if (wrong === null) continue;
    netfilter.tables.clear();
    for (const [key, table] of before) netfilter.tables.set(key, table);
    bindHooks(netfilter);
    return wrong;
  }
  bindHooks(netfilter);
  keepRecentLists(netfilter);
  return null;
}

/** What is to be taken back to if a change fails. Rules are never changed in place. */
function copyOf({ name, chains, sets }: TableState): TableState {
  return {
    name,
    chains: new Map([...chains].map(([each, chain]) => [each, { ...chain }])),
    sets: new Map([...sets].map(([each, set]) => [each, set.copy()])),
  };
}

const missing = 'No such file or directory';
const present = 'File exists';
const busy = 'Device or resource busy';

function applyChange(netfilter: Netfilter, change: NetfilterChange, now: number): string | null {
  switch (change.kind) {
    case 'add-table':
      if (netfilter.tables.has(tableKey(change.table))) return change.mustBeNew ? present : null;
      netfilter.tables.set(tableKey(change.table), { name: change.table, chains: new Map(), sets: new Map() });
      return null;
    case 'delete-table':
      return netfilter.tables.delete(tableKey(change.table)) || !change.mustExist ? null : missing;
    case 'flush-ruleset':
      for (const [key, { name }] of netfilter.tables) {
        // Those of iptables, too: the distributions' iptables keeps its rules in nf_tables.
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
  if (!table) return 'mustExist' in change && !change.mustExist ? null : missing;
  switch (change.kind) {
    case 'flush-table':
      for (const chain of table.chains.values()) chain.rules = [];
      return null;
    case 'add-chain':
      return addChain(netfilter, table, change);
    case 'delete-user-chains':
      return deleteUserChains(table);
    case 'zero-counters':
      // Nothing is made of how much was counted.
      return null;
    case 'add-set':
      if (table.sets.has(change.set.name)) return change.mustBeNew ? present : null;
      table.sets.set(change.set.name, createSet(change.set, change.set.elements, now));
      return null;
    case 'delete-set':
      return table.sets.delete(change.set) || !change.mustExist ? null : missing;
    case 'flush-set':
    case 'add-elements':
    case 'delete-elements':
      return changeSet(table, change, now);
    case 'delete-chain':
    case 'rename-chain':
    case 'flush-chain':
    case 'set-policy':
    case 'add-rule':
    case 'replace-rule':
    case 'delete-rule': {
      const chain = table.chains.get(change.chain);
      if (!chain) return 'mustExist' in change && !change.mustExist ? null : missing;
      return applyToChain(netfilter, table, chain, change);
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
  { chain: name, base, mustBeNew }: Extract<NetfilterChange, { kind: 'add-chain' }>,
): string | null {
  const found = table.chains.get(name);
  if (found) {
    if (mustBeNew) return present;
    if (base) found.base = { ...base, policy: base.policy ?? found.base?.policy ?? 'accept' };
    return null;
  }
  netfilter.registrations += 1;
  const made = base ? { ...base, policy: base.policy ?? ('accept' as const) } : null;
  table.chains.set(name, { name, base: made, registered: netfilter.registrations, rules: [] });
  return null;
}

function deleteUserChains(table: TableState): string | null {
  const gone = [...table.chains.values()].filter(({ base }) => base === null);
  if (gone.some(({ rules }) => rules.length > 0)) return 'Directory not empty';
  for (const { name } of gone) table.chains.delete(name);
  return null;
}

type ChainChange = Extract<
  NetfilterChange,
  {
    kind: 'delete-chain' | 'rename-chain' | 'flush-chain' | 'set-policy' | 'add-rule' | 'replace-rule' | 'delete-rule';
  }
>;

function applyToChain(netfilter: Netfilter, table: TableState, chain: ChainState, change: ChainChange): string | null {
  switch (change.kind) {
    case 'delete-chain':
      if (chain.rules.length > 0 || isCalled(table, chain.name)) return busy;
      table.chains.delete(chain.name);
      return null;
    case 'rename-chain':
      if (table.chains.has(change.to)) return present;
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
    case 'add-rule':
    case 'replace-rule': {
      const lost = unknownChain(table, change.rule);
      if (lost !== null) return `chain ${lost} does not exist`;
      const replaces = change.kind === 'replace-rule';
      const place = replaces ? indexOf(chain, change.replaced) : insertionIndex(chain, change.place);
      if (place < 0) return missing;
      const added = compileRule(netfilter, table, change.rule);
      chain.rules = chain.rules.toSpliced(place, replaces ? 1 : 0, added);
      return null;
    }
    case 'delete-rule': {
      const place = indexOf(chain, change.rule);
      if (place < 0) return change.mustExist ? missing : null;
      chain.rules = chain.rules.toSpliced(place, 1);
      return null;
    }
  }
}

function isCalled(table: TableState, name: string): boolean {
  return [...table.chains.values()].some(({ rules }) => rules.some(({ rule }) => callsOf(rule).includes(name)));
}

/** The chains that a rule jumps to. */
function callsOf({ statements }: Rule): readonly string[] {
  return statements.flatMap((statement) => {
    if (statement.kind !== 'verdict') return [];
    const { verdict } = statement;
    return verdict.kind === 'jump' || verdict.kind === 'goto' ? [verdict.chain] : [];
  });
}

function insertionIndex(chain: ChainState, place: RulePlace): number {
  if (place === 'start') return 0;
  if (place === 'end') return chain.rules.length;
  const { side, rule } = place;
  // Before the place after the last one is its end, as iptables -I has it.
  if (side === 'before' && rule.kind === 'index' && rule.index === chain.rules.length) return rule.index;
  const index = indexOf(chain, rule);
  return index < 0 || side === 'before' ? index : index + 1;
}

/** A chain that the rule calls and that isn't there. */
function unknownChain(table: TableState, rule: Rule): string | null {
  return callsOf(rule).find((name) => !table.chains.has(name)) ?? null;
}

/** A rule's place among its chain's; -1 if it isn't there. */
export function indexOf({ rules }: ChainState, reference: RuleReference): number {
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

export function findTable(netfilter: Netfilter, name: TableName): TableState | undefined {
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
      return { kind: 'continue' };
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
