import type { NamedSet, NetfilterChange, TableName } from '../netfilter.ts';
import { printDuration, printElements, printStatements } from './print.ts';
import { elementTypes } from './set.ts';

const tableOf = ({ family, name }: TableName): string => `${family} ${name}`;

/** A change as a command of nft; null where nft has no such command, or it takes the ruleset to say it. */
export function printChange(change: NetfilterChange): string | null {
  switch (change.kind) {
    case 'flush-ruleset':
      return change.family ? `flush ruleset ${change.family}` : 'flush ruleset';
    case 'add-table':
      return `${change.mustBeNew ? 'create' : 'add'} table ${tableOf(change.table)}`;
    case 'delete-table':
      return `${change.mustExist ? 'delete' : 'destroy'} table ${tableOf(change.table)}`;
    case 'flush-table':
      return `flush table ${tableOf(change.table)}`;
    case 'add-chain': {
      const { base } = change;
      const policy = base?.policy ? ` policy ${base.policy};` : '';
      const hook = base ? ` { type ${base.type} hook ${base.hook} priority ${base.priority};${policy} }` : '';
      return `${change.mustBeNew ? 'create' : 'add'} chain ${tableOf(change.table)} ${change.chain}${hook}`;
    }
    case 'delete-chain':
      return `${change.mustExist ? 'delete' : 'destroy'} chain ${tableOf(change.table)} ${change.chain}`;
    case 'rename-chain':
      return `rename chain ${tableOf(change.table)} ${change.chain} ${change.to}`;
    case 'flush-chain':
      return `flush chain ${tableOf(change.table)} ${change.chain}`;
    case 'set-policy':
      return `add chain ${tableOf(change.table)} ${change.chain} { policy ${change.policy}; }`;
    case 'add-rule': {
      const { place, table } = change;
      const verb = place === 'start' || (place !== 'end' && place.side === 'before') ? 'insert' : 'add';
      const beside = typeof place === 'string' ? '' : ` ${printNumber(place.rule)}`;
      return `${verb} rule ${tableOf(table)} ${change.chain}${beside} ${printStatements(change.rule.statements, table.family)}`;
    }
    case 'replace-rule':
      if (change.replaced.kind !== 'handle') return null;
      return `replace rule ${tableOf(change.table)} ${change.chain} ${printNumber(change.replaced)} ${printStatements(change.rule.statements, change.table.family)}`;
    case 'delete-rule':
      if (change.rule.kind !== 'handle') return null;
      return `${change.mustExist ? 'delete' : 'destroy'} rule ${tableOf(change.table)} ${change.chain} ${printNumber(change.rule)}`;
    case 'add-set': {
      const kind = change.set.value ? 'map' : 'set';
      return `${change.mustBeNew ? 'create' : 'add'} ${kind} ${tableOf(change.table)} ${change.set.name} ${printSetBody(change.set)}`;
    }
    case 'delete-set':
      return `${change.mustExist ? 'delete' : 'destroy'} set ${tableOf(change.table)} ${change.set}`;
    case 'flush-set':
      return `flush set ${tableOf(change.table)} ${change.set}`;
    case 'delete-user-chains':
    case 'zero-counters':
    case 'add-elements':
    case 'delete-elements':
      return null;
  }
}

function printNumber(rule: { kind: 'index'; index: number } | { kind: 'handle'; handle: number }): string {
  return rule.kind === 'index' ? `index ${rule.index}` : `handle ${rule.handle}`;
}

function printSetBody(set: NamedSet): string {
  const { key, value } = elementTypes(set);
  const flags = [
    ...(set.interval ? ['interval'] : []),
    ...(set.dynamic ? ['dynamic'] : []),
    ...(set.timeout === null && !set.elements.some((element) => element.timeout !== undefined) ? [] : ['timeout']),
  ];
  const clauses = [
    `type ${set.key.join(' . ')}${set.value ? ` : ${set.value.join(' . ')}` : ''}`,
    ...(flags.length > 0 ? [`flags ${flags.join(',')}`] : []),
    ...(set.timeout === null ? [] : [`timeout ${printDuration(set.timeout)}`]),
    ...(set.size === null ? [] : [`size ${set.size}`]),
    ...(set.elements.length === 0
      ? []
      : [`elements = ${printElements(set.elements, key, value === 'verdict' ? null : value)}`]),
  ];
  return `{ ${clauses.join('; ')}; }`;
}
