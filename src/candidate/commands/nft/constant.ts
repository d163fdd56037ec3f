import { formatIPv4, parseIPv4 } from '../../../net/address.ts';
import { refuse } from '../refusal.ts';
import { unexpected, type Cursor } from './cursor.ts';
import type { Token } from './token.ts';
import { address, port, routeTypes, type DataType } from './type.ts';

/** Whether a constant can begin with that token. */
export function beginsConstant({ kind }: Token): boolean {
  return kind === 'number' || kind === 'address' || kind === 'string' || kind === 'word';
}

/**
 * One constant of a type: a number, an address, or a name.
 *
 * @throws LabError 'invalid' for what isn't of that type
 */
export function readConstant(cursor: Cursor, type: DataType): number | string {
  const token = cursor.peek();
  if (!beginsConstant(token)) unexpected(token, `a value of type ${type.name}`);
  cursor.next();
  if (token.kind === 'number') {
    if (type.form === 'name' || type.name === 'ifname') return badValue(token, type);
    return inRange(token, type);
  }
  if (token.kind === 'address') {
    if (type.form !== 'address') return badValue(token, type);
    return parseAddress(token);
  }
  return named(token, type);
}

function inRange(token: Token, type: DataType): number {
  const value = Number(token.text);
  if (value >= 2 ** Math.min(type.bits, 32)) {
    refuse(token.at, `${token.text} is too large for type ${type.name}, which has ${type.bits} bits`);
  }
  return value;
}

function parseAddress(token: Token): number {
  try {
    return parseIPv4(token.text);
  } catch {
    return refuse(token.at, `'${token.text}' is no IPv4 address`, 'four numbers from 0 to 255, without leading zeros');
  }
}

function named(token: Token, type: DataType): number | string {
  if (type.form === 'interface') return interfaceName(token);
  if (type.form === 'name') {
    return routeTypes.find((name) => name === token.text) ?? badValue(token, type, routeTypes);
  }
  if (Object.hasOwn(type.symbols, token.text)) return type.symbols[token.text] ?? 0;
  return badValue(token, type, type === port ? [] : Object.keys(type.symbols));
}

function interfaceName(token: Token): string {
  const { text } = token;
  if (text.length > 15 || text === '' || /[\s/:]/.test(text)) {
    refuse(token.at, `'${text}' is no name of an interface`, 'up to 15 characters, neither blank nor / nor :');
  }
  return text;
}

function badValue(token: Token, type: DataType, names: readonly string[] = []): never {
  const hint =
    type === port
      ? 'give a port by its number'
      : type === address
        ? 'names of hosts are not looked up: give the address'
        : names.length > 0
          ? `names are ${names.join(', ')}`
          : '';
  return refuse(token.at, `'${token.text}' is no value of type ${type.name}`, hint);
}

/** A constant as nft writes it. */
export function formatConstant(value: number | string, type: DataType | undefined): string {
  if (typeof value === 'string') return type?.form === 'name' ? value : JSON.stringify(value);
  if (type?.form === 'address') return formatIPv4(value);
  const name = type?.bitmask || type === port ? undefined : nameOf(value, type);
  return name ?? (type?.name === 'mark' || type?.bitmask ? `0x${value.toString(16)}` : String(value));
}

function nameOf(value: number, type: DataType | undefined): string | undefined {
  return Object.entries(type?.symbols ?? {}).find(([, number]) => number === value)?.[0];
}
