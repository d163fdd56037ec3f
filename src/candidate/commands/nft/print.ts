import { formatIPv4 } from '../../../net/address.ts';
import type {
  Element,
  ElementKey,
  Expression,
  NatStatement,
  Operand,
  SetOperand,
  Statement,
  TableName,
  Verdict,
} from '../netfilter.ts';
import { formatConstant } from './constant.ts';
import { icmpCode, integer, mark, payloadTypes, port, address, typesOf, type DataType } from './type.ts';

type Types = readonly DataType[] | null;

/**
 * A rule's statements as nft would be told them. What iptables alone can do (`ip tos`, a chance, marks put together of two)
 * is written in the nearest terms, which nft may not take.
 */
export function printStatements(statements: readonly Statement[], family: TableName['family']): string {
  // A comment stands last, wherever iptables had it.
  const isComment = (statement: Statement): boolean =>
    statement.kind === 'no-bearing' && statement.what.startsWith('comment ');
  const ordered = [...statements.filter((statement) => !isComment(statement)), ...statements.filter(isComment)];
  return ordered.map((statement) => printStatement(statement, family)).join(' ');
}

function printStatement(statement: Statement, family: TableName['family']): string {
  switch (statement.kind) {
    case 'match':
      return printMatch(statement);
    case 'nth':
      return `numgen inc mod ${statement.every} ${statement.invert ? '!=' : '=='} ${statement.packet}`;
    case 'chance': {
      const share = Math.round(statement.probability * 2 ** 31);
      return `numgen random mod ${2 ** 31} ${statement.invert ? '>=' : '<'} ${share}`;
    }
    case 'set':
      return printSet(statement);
    case 'verdict':
      return printVerdict(statement.verdict);
    case 'verdict-map':
      return `${printExpression(statement.key)} vmap ${printSetOperand(statement.map, typesOf(statement.key), null)}`;
    case 'reject':
      return printReject(statement.reason);
    case 'notrack':
    case 'counter':
      return statement.kind;
    case 'nat':
      return printNat(statement.nat, family);
    case 'log':
      return statement.prefix === '' ? 'log' : `log prefix "${statement.prefix}"`;
    case 'limit':
      return `limit rate ${statement.over ? 'over ' : ''}${statement.rate}/${period(statement.per)} burst ${statement.burst} packets`;
    case 'connection-count':
      return `ct count ${statement.over ? 'over ' : ''}${statement.count}`;
    case 'recent':
      // As nft lists what it can't say itself.
      return 'xt match "recent"';
    case 'update-set': {
      const timeout = statement.timeout === null ? '' : ` timeout ${printDuration(statement.timeout)}`;
      return `${statement.operation} @${statement.set} { ${printExpression(statement.key)}${timeout} }`;
    }
    case 'no-bearing':
      return statement.what;
  }
}

const periods: Readonly<Record<number, string>> = {
  1: 'second',
  60: 'minute',
  3600: 'hour',
  86400: 'day',
  604800: 'week',
};
const period = (seconds: number): string => periods[seconds] ?? `${seconds} s`;

/** Seconds, as nft writes them. */
export function printDuration(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1000)}ms`;
}

function printMatch({ left, operator, right }: Extract<Statement, { kind: 'match' }>): string {
  return printBits(left, operator, right) ?? `${printExpression(left)}${compare(operator, right, left)}`;
}

/** `ct state new`: that any of some bits is set, or `!`, that one isn't. */
function printBits(left: Expression, operator: string, right: Operand): string | null {
  if (left.kind !== 'binary' || left.operator !== '&' || left.right.kind !== 'constant') return null;
  const [type] = typesOf(left) ?? [];
  if (!type?.bitmask || right.kind !== 'value' || right.value !== 0) return null;
  const mask = Number(left.right.value);
  const names = Object.entries(type.symbols).filter(([, bit]) => (mask & bit) !== 0);
  if (names.length === 0 || names.reduce((sum, [, bit]) => sum + bit, 0) !== mask) return null;
  const list = names.map(([name]) => name).join(',');
  if (operator === '!=') return `${printExpression(left.left)} ${list}`;
  return operator === '==' && names.length === 1 ? `${printExpression(left.left)} ! ${list}` : null;
}

function compare(operator: string, right: Operand, left: Expression): string {
  const types = typesOf(left);
  const shown = operator === '==' && left.kind !== 'binary' && !types?.[0]?.bitmask ? '' : ` ${operator}`;
  if (left.kind === 'fib' && left.result === 'exists' && right.kind === 'value') {
    return `${operator === '==' ? '' : ` ${operator}`} ${right.value === 1 ? 'exists' : 'missing'}`;
  }
  const isSet = right.kind === 'set' || right.kind === 'named-set';
  return `${shown} ${isSet ? printSetOperand(right, types, undefined) : printKey(right, types)}`;
}

/** An expression in the words of nft. */
function printExpression(expression: Expression, type?: DataType): string {
  switch (expression.kind) {
    case 'constant':
      return formatConstant(expression.value, type);
    case 'payload':
      return expression.field === 'ip tos' ? '@nh,8,8' : expression.field;
    case 'meta':
      return `meta ${expression.key}`;
    case 'ct':
      return `ct ${expression.key === 'l4proto' ? 'protocol' : expression.key.replace(/ ([sd]addr)$/, ' ip $1')}`;
    case 'fib':
      return `fib ${expression.keys.join(' . ')} ${expression.result === 'exists' ? 'oif' : expression.result}`;
    case 'socket':
      return `socket ${expression.key}`;
    case 'numgen':
      return `numgen ${expression.mode} mod ${expression.modulus}${offset(expression.offset)}`;
    case 'jhash': {
      const seed = expression.seed === null ? '' : ` seed 0x${expression.seed.toString(16)}`;
      return `jhash ${printExpression(expression.of)} mod ${expression.modulus}${seed}${offset(expression.offset)}`;
    }
    case 'binary': {
      const inner = typesOf(expression.left)?.[0] ?? type;
      const part = (side: Expression): string => {
        const shown = printExpression(side, inner);
        return side.kind === 'binary' ? `(${shown})` : shown;
      };
      const shift = expression.operator === '<<' || expression.operator === '>>';
      const right = shift ? printExpression(expression.right, integer) : part(expression.right);
      return `${part(expression.left)} ${expression.operator} ${right}`;
    }
    case 'concatenation':
      return expression.parts.map((part) => printExpression(part)).join(' . ');
    case 'map': {
      const value = type ? [type] : null;
      return `${printExpression(expression.key)} map ${printSetOperand(expression.map, typesOf(expression.key), value)}`;
    }
  }
}

const offset = (value: number): string => (value === 0 ? '' : ` offset ${value}`);

function printSetOperand(operand: SetOperand, key: Types, value: Types | undefined): string {
  return operand.kind === 'named-set' ? `@${operand.name}` : printElements(operand.elements, key, value ?? null);
}

/** Elements within braces, of those types. */
export function printElements(elements: readonly Element[], key: Types, value: Types): string {
  const shown = elements.map((element) => {
    const name = element.key.kind === 'default' ? '*' : printKey(element.key, key);
    const timeout = element.timeout === undefined ? '' : ` timeout ${printDuration(element.timeout)}`;
    return `${name}${timeout}${element.value ? ` : ${printMapped(element.value, value)}` : ''}`;
  });
  return `{ ${shown.join(', ')} }`;
}

function printMapped(value: Verdict | ElementKey, types: Types): string {
  switch (value.kind) {
    case 'value':
    case 'range':
    case 'name-prefix':
    case 'concatenation':
      return printKey(value, types);
    default:
      return printVerdict(value);
  }
}

function printVerdict(verdict: Verdict): string {
  return verdict.kind === 'jump' || verdict.kind === 'goto' ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

function printKey(key: ElementKey, types: Types): string {
  const type = types?.[0];
  switch (key.kind) {
    case 'value':
      return formatConstant(key.value, type);
    case 'name-prefix':
      return JSON.stringify(`${key.prefix}*`);
    case 'concatenation':
      return key.parts.map((part, index) => printKey(part, types?.slice(index, index + 1) ?? null)).join(' . ');
    case 'range': {
      const size = key.to - key.from + 1;
      const bits = Math.log2(size);
      if (type?.form === 'address' && Number.isInteger(bits) && key.from % size === 0) {
        return `${formatIPv4(key.from)}/${32 - bits}`;
      }
      return `${formatConstant(key.from, type)}-${formatConstant(key.to, type)}`;
    }
  }
}

function printSet({ target, value }: Extract<Statement, { kind: 'set' }>): string {
  switch (target.kind) {
    case 'payload':
      return `${printExpression(target)} set ${printExpression(value, payloadTypes[target.field])}`;
    case 'meta':
      return `meta ${target.key} set ${printExpression(value, target.key === 'mark' ? mark : integer)}`;
    case 'ct':
      return `ct mark set ${printExpression(value, mark)}`;
  }
}

function printReject(reason: Extract<Statement, { kind: 'reject' }>['reason']): string {
  if (reason.kind === 'tcp-reset') return 'reject with tcp reset';
  return reason.code === 3 ? 'reject' : `reject with icmp type ${formatConstant(reason.code, icmpCode)}`;
}

function printNat(nat: NatStatement, family: TableName['family']): string {
  const ports = nat.port ? `:${printRange(nat.port, [port])}` : '';
  const flags = nat.flags.length > 0 ? ` ${nat.flags.join(',')}` : '';
  if (!('address' in nat)) return `${nat.kind}${ports ? ` to ${ports}` : ''}${flags}`;
  const map = nat.address?.from;
  if (map?.kind === 'map' && !nat.port && sideBySide(map.map)) {
    const shown = printSetOperand(map.map, typesOf(map.key), [address, port]);
    return `${nat.kind} ip addr . port to ${printExpression(map.key)} map ${shown}${flags}`;
  }
  const to = nat.address ? printRange(nat.address, [address]) : '';
  return `${nat.kind}${family === 'inet' && nat.address ? ' ip' : ''} to ${to}${ports}${flags}`;
}

/** Whether a map gives addresses and ports. Of a map by name it can't be seen here; its users know its declaration. */
function sideBySide(map: SetOperand): boolean {
  return map.kind === 'set' && map.elements.some(({ value }) => value?.kind === 'concatenation');
}

function printRange({ from, to }: { from: Expression; to: Expression }, [type]: readonly DataType[]): string {
  const [first, last] = [printExpression(from, type), printExpression(to, type)];
  return first === last ? first : `${first}-${last}`;
}
