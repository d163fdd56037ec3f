import type { BaseChain, Element, Hook, NamedSet } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { unexpected, type Cursor } from './cursor.ts';
import { readElements } from './element.ts';
import { readConcatenation } from './expression.ts';
import type { Scope } from './scope.ts';
import { elementTypes, readTypeNames } from './set.ts';
import { typesOf } from './type.ts';

const priorities: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};
const hooks: Readonly<Record<BaseChain['type'], readonly Hook[]>> = {
  filter: ['prerouting', 'input', 'forward', 'output', 'postrouting'],
  nat: ['prerouting', 'input', 'output', 'postrouting'],
  route: ['output'],
};
const hookOfPriority: Readonly<Record<string, Hook>> = { dstnat: 'prerouting', srcnat: 'postrouting' };

/** `type nat hook prerouting priority dstnat; policy accept;`, or null where a chain begins with its rules. */
export function readBaseChain(cursor: Cursor): BaseChain | null {
  if (!cursor.accept('type')) return null;
  const type = cursor.choice("a chain's type", ['filter', 'nat', 'route']);
  cursor.expect('hook');
  const token = cursor.peek();
  const hook = cursor.choice('a hook', hooks.filter);
  if (!hooks[type].includes(hook)) refuse(token.at, `a chain of type ${type} can't be called at ${hook}`);
  if (cursor.sees('device') || cursor.sees('devices')) refuse(cursor.peek().at, 'hooks of a device are not modelled');
  cursor.expect('priority');
  const priority = readPriority(cursor, hook);
  if (type === 'nat' && priority <= -200) refuse(token.at, 'a nat chain has to come after conntrack, priority -200');
  return { type, hook, priority, policy: cursor.another() ? readPolicy(cursor) : null };
}

function readPriority(cursor: Cursor, hook: Hook): number {
  const token = cursor.peek();
  if (token.kind !== 'word') return readSigned(cursor, cursor.accept('-') ? -1 : 1);
  cursor.next();
  const base = Object.hasOwn(priorities, token.text) ? priorities[token.text] : undefined;
  if (base === undefined) {
    return unexpected(
      token,
      'a priority',
      `a number, or one of ${Object.keys(priorities).join(', ')}, with + or - a number`,
    );
  }
  const only = hookOfPriority[token.text];
  if (only && only !== hook) refuse(token.at, `priority ${token.text} is for ${only}`);
  if (cursor.accept('+')) return base + cursor.number('a number');
  return cursor.accept('-') ? base - cursor.number('a number') : base;
}

const readSigned = (cursor: Cursor, sign: number): number => sign * cursor.number('a priority');

function readPolicy(cursor: Cursor): BaseChain['policy'] {
  return cursor.accept('policy') ? cursor.choice<'accept' | 'drop'>('a policy', ['accept', 'drop']) : null;
}

/** What a set or map is declared as, between its braces. */
export function readSetBody(scope: Scope, kind: 'set' | 'map', name: string): NamedSet {
  const { cursor } = scope;
  const { at } = cursor.expect('{');
  let types: Pick<NamedSet, 'key' | 'value'> | null = null;
  let elements: readonly Element[] = [];
  let flags: readonly string[] = [];
  let timeout: number | null = null;
  let size: number | null = null;
  while (cursor.another()) {
    if (cursor.accept('type')) types = readTypes(cursor, kind);
    else if (cursor.accept('typeof')) types = readTypeOf(scope, kind);
    else if (cursor.accept('flags')) flags = readFlags(cursor);
    else if (cursor.accept('timeout')) timeout = cursor.duration('a timeout');
    else if (cursor.accept('gc-interval')) cursor.duration('an interval');
    else if (cursor.accept('size')) size = cursor.number('a size', 1);
    else if (cursor.accept('policy')) cursor.choice('a policy', ['performance', 'memory']);
    else if (cursor.accept('comment')) cursor.string('a comment');
    else if (cursor.accept('elements')) {
      cursor.expect('=');
      elements = readElements(scope, elementTypes(types ?? refuse(at, `${kind} ${name} has elements before its type`)));
    } else if (!cursor.accept('auto-merge')) unexpected(cursor.peek(), `a property of a ${kind}`, properties);
    if (!cursor.atEnd()) unexpected(cursor.peek(), "';' or a new line");
  }
  cursor.expect('}');
  const { key, value } = types ?? refuse(at, `${kind} ${name} has no type`);
  const interval = flags.includes('interval');
  if (!interval && elements.some((element) => isRange(element.key))) {
    refuse(at, `${kind} ${name} has ranges or prefixes as elements`, 'it needs: flags interval');
  }
  return { name, key, value, interval, dynamic: flags.includes('dynamic'), timeout, size, elements };
}

const properties =
  'type, typeof, flags (interval, dynamic, timeout), timeout, gc-interval, size, policy, auto-merge, elements';

/** Whether a key is more than one value. */
export function isRange(key: Element['key']): boolean {
  return (
    key.kind === 'range' || key.kind === 'name-prefix' || (key.kind === 'concatenation' && key.parts.some(isRange))
  );
}

function readTypes(cursor: Cursor, kind: 'set' | 'map'): Pick<NamedSet, 'key' | 'value'> {
  const key = readTypeNames(cursor);
  if (kind === 'set') return { key, value: null };
  cursor.expect(':');
  return { key, value: readTypeNames(cursor) };
}

function readTypeOf(scope: Scope, kind: 'set' | 'map'): Pick<NamedSet, 'key' | 'value'> {
  const read = (): readonly string[] => {
    const token = scope.cursor.peek();
    // What the fields presume is no one's concern here.
    const expression = readConcatenation({ ...scope, statements: [], known: { transport: null, ipv4: true } }, null);
    const names = (typesOf(expression) ?? []).map(({ name }) => name);
    return names.includes('integer') ? refuse(token.at, 'what has no named type is not modelled as a key') : names;
  };
  const key = read();
  if (kind === 'set') return { key, value: null };
  scope.cursor.expect(':');
  return { key, value: scope.cursor.accept('verdict') ? ['verdict'] : read() };
}

function readFlags(cursor: Cursor): readonly string[] {
  const flags: string[] = [];
  do flags.push(cursor.choice('a flag', ['interval', 'dynamic', 'timeout']));
  while (cursor.accept(','));
  return flags;
}
