import { tableKey } from '../netfilter/netfilter.ts';
import type { NetfilterCommand, NetfilterQuery, TableName } from '../../candidate/commands/netfilter.ts';
import type { Host } from '../host.ts';
import { changeRuleset, findTable, indexOf, isChange } from '../netfilter/ruleset.ts';
import { done, failed, printed, type Outcome } from './outcome.ts';

/** Carries out what iptables or nft are told: all changes or none, and then what is asked. */
export function applyNetfilter(host: Host, commands: readonly NetfilterCommand[]): Outcome {
  const changes = commands.filter(isChange);
  const usesNft = changes.some((change) => 'table' in change && change.table.owner === 'nft');
  if (usesNft && !host.era.nftables) return failed('Error: Could not process rule: Operation not supported', 1);
  const refused = changeRuleset(host.netfilter, changes, host.clock.now);
  if (refused !== null) {
    return failed(usesNft ? `Error: Could not process rule: ${refused}` : `iptables: ${refused}.`, 1);
  }
  let stdout = '';
  for (const command of commands) {
    if (isChange(command)) continue;
    const outcome = ask(host, command);
    if (outcome.status !== 0) return outcome;
    stdout += outcome.stdout;
  }
  return { ...done, stdout };
}

function ask(host: Host, query: NetfilterQuery): Outcome {
  switch (query.kind) {
    case 'check-rule': {
      const chain = findTable(host.netfilter, query.table)?.chains.get(query.chain);
      const found = chain && indexOf(chain, { kind: 'same', rule: query.rule }) >= 0;
      return found ? done : failed('iptables: Bad rule (does a matching rule exist in that chain?).', 1);
    }
    case 'list-rules':
      return printed(listTable(host, query.table, query.chain));
    case 'list-ruleset': {
      const tables = [...host.netfilter.tables.values()].filter(
        ({ name }) =>
          name.owner === 'nft' &&
          (query.family === null || name.family === query.family) &&
          (query.table === null || tableKey(query.table) === tableKey(name)),
      );
      return printed(tables.map(({ name }) => listTable(host, name, query.chain)).join(''));
    }
  }
}

/** The rules as they were written, chain by chain. */
function listTable(host: Host, name: TableName, only: string | null): string {
  const table = findTable(host.netfilter, name);
  const chains = [...(table?.chains.values() ?? [])].filter((chain) => only === null || chain.name === only);
  if (name.owner === 'iptables') {
    const declared = chains.map(({ name: each, base }) =>
      base ? `-P ${each} ${base.policy === 'drop' ? 'DROP' : 'ACCEPT'}\n` : `-N ${each}\n`,
    );
    const rules = chains.flatMap((chain) => chain.rules.map(({ rule }) => `-A ${chain.name} ${rule.text}\n`));
    return [...declared, ...rules].join('');
  }
  const bodies = chains.map((chain) => {
    const { base, rules } = chain;
    const declaration = base
      ? [`type ${base.type} hook ${base.hook} priority ${base.priority}; policy ${base.policy ?? 'accept'};`]
      : [];
    const lines = [...declaration, ...rules.map(({ rule }) => rule.text)].map((line) => `\t\t${line}\n`);
    return `\tchain ${chain.name} {\n${lines.join('')}\t}\n`;
  });
  return `table ${name.family} ${name.name} {\n${bodies.join('\n')}}\n`;
}
