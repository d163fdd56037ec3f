import type { BaseChain, Hook, NetfilterChange, TableName } from '../netfilter.ts';

/** iptables' tables with their chains: where the kernel calls them, as in linux/netfilter_ipv4.h and each table's module. */
const layout: Readonly<Record<string, Readonly<Partial<Record<Hook, number>>>>> = {
  filter: { input: 0, forward: 0, output: 0 },
  nat: { prerouting: -100, input: 100, output: -100, postrouting: 100 },
  mangle: { prerouting: -150, input: -150, forward: -150, output: -150, postrouting: -150 },
  raw: { prerouting: -300, output: -300 },
  security: { input: 50, forward: 50, output: 50 },
};

export const tableNames: readonly string[] = Object.keys(layout);

export function tableNamed(name: string): TableName {
  return { owner: 'iptables', family: 'ip', name };
}

/** The names of a table's own chains, such as PREROUTING. */
export function builtInChains(table: string): readonly string[] {
  return Object.keys(layout[table] ?? {}).map((hook) => hook.toUpperCase());
}

/** What it takes for a table to be there: iptables makes it, with its chains, when it is first spoken of. */
export function presence(table: TableName): readonly NetfilterChange[] {
  const chains = Object.entries(layout[table.name] ?? {}) as [Hook, number][];
  return [
    { kind: 'add-table', table, mustBeNew: false },
    ...chains.map(([hook, priority]): NetfilterChange => {
      const base: BaseChain = { type: typeOf(table.name, hook), hook, priority, policy: null };
      return { kind: 'add-chain', table, chain: hook.toUpperCase(), base, mustBeNew: false };
    }),
  ];
}

function typeOf(table: string, hook: Hook): BaseChain['type'] {
  if (table === 'nat') return 'nat';
  return table === 'mangle' && hook === 'output' ? 'route' : 'filter';
}
