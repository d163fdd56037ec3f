import type { NamedSet, NumberedRule, Rule, TableName } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { shown, unexpected, type Cursor } from './cursor.ts';
import { isRange, readBaseChain, readSetBody } from './declaration.ts';
import { readElements } from './element.ts';
import type { Session } from './session.ts';
import { elementTypes } from './set.ts';
import { readStatements } from './statement.ts';

const verbs = ['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush', 'rename', 'list'] as const;
type Verb = (typeof verbs)[number];
const objects = ['table', 'chain', 'rule', 'set', 'map', 'element'] as const;
type ObjectKind = (typeof objects)[number];
const possible: Readonly<Record<Verb, readonly string[]>> = {
  add: objects,
  create: ['table', 'chain', 'set', 'map', 'element'],
  insert: ['rule'],
  replace: ['rule'],
  delete: objects,
  destroy: objects,
  flush: ['ruleset', 'table', 'chain', 'set', 'map'],
  rename: ['chain'],
  list: ['ruleset', 'table', 'chain', 'set', 'map'],
};

/** One command: `add rule ip filter input accept`, or a table's block. */
export function readCommand(session: Session): void {
  const { cursor, emit } = session;
  const verb = verbs.find((word) => cursor.accept(word)) ?? 'add';
  const token = cursor.peek();
  if (token.kind !== 'word') unexpected(token, 'a command of nft', `commands are ${verbs.join(', ')}`);
  if (cursor.accept('ruleset') && (verb === 'flush' || verb === 'list')) {
    const family = cursor.atEnd() ? null : session.family(true);
    if (verb === 'flush') {
      session.forget(null);
      emit({ kind: 'flush-ruleset', family });
    } else emit({ kind: 'list-ruleset', family, table: null, chain: null, set: null });
    return;
  }
  // `add 'rule'` may be left out before a table's name.
  const object = objects.find((word) => cursor.sees(word));
  if (object) cursor.next();
  else if (verb !== 'add' && verb !== 'insert')
    unexpected(token, `what to ${verb}`, `one of ${possible[verb].join(', ')}`);
  if (object && !possible[verb].includes(object)) refuse(token.at, `nft has no '${verb} ${object}'`);
  readObject(session, verb, object ?? 'rule');
}

function readObject(session: Session, verb: Verb, object: ObjectKind): void {
  const { cursor, emit } = session;
  const table: TableName = { owner: 'nft', family: session.family(false), name: cursor.name('the name of a table') };
  if (object === 'table') {
    readTable(session, verb, table);
    return;
  }
  const name = cursor.name(`the name of a ${object === 'rule' || object === 'chain' ? 'chain' : 'set'}`);
  if (verb === 'list') {
    const isChain = object === 'chain';
    emit({
      kind: 'list-ruleset',
      family: table.family,
      table,
      chain: isChain ? name : null,
      set: isChain ? null : name,
    });
    return;
  }
  switch (object) {
    case 'chain':
      readChain(session, verb, table, name);
      return;
    case 'rule':
      readRuleCommand(session, verb, table, name);
      return;
    case 'set':
    case 'map':
      readSet(session, verb, table, name, object);
      return;
    case 'element': {
      const set = session.set(table, name) ?? refuse(cursor.peek().at, `table ${table.name} has no set '${name}' yet`);
      const mustExist = verb === 'delete';
      emit(
        verb === 'add' || verb === 'create'
          ? {
              kind: 'add-elements',
              table,
              set: name,
              elements: elementsOf(session, table, set, true),
              mustBeNew: verb === 'create',
            }
          : { kind: 'delete-elements', table, set: name, elements: elementsOf(session, table, set, false), mustExist },
      );
    }
  }
}

function elementsOf(session: Session, table: TableName, set: NamedSet, adding: boolean) {
  const { at } = session.cursor.peek();
  const types = elementTypes(set);
  // A map's elements are deleted by their keys.
  const asked = adding || session.cursor.peek(2).text === ':' ? types : { ...types, value: null };
  const elements = readElements(session.scope(table), asked);
  if (elements.length === 0) refuse(at, 'expected elements');
  if (!set.interval && elements.some(({ key }) => isRange(key))) {
    refuse(at, `'${set.name}' takes no ranges or prefixes`, 'it was made without: flags interval');
  }
  return elements;
}

function readTable(session: Session, verb: Verb, table: TableName): void {
  const { cursor, emit } = session;
  switch (verb) {
    case 'delete':
    case 'destroy':
      session.forget(table);
      emit({ kind: 'delete-table', table, mustExist: verb === 'delete' });
      return;
    case 'flush':
      emit({ kind: 'flush-table', table });
      return;
    case 'list':
      emit({ kind: 'list-ruleset', family: table.family, table, chain: null, set: null });
      return;
    default:
      emit({ kind: 'add-table', table, mustBeNew: verb === 'create' });
      if (cursor.sees('{')) readTableBlock(session, table);
  }
}

/** Chains first, then sets, whose elements may jump to chains, then rules, which may name sets: in whatever order they stand. */
function readTableBlock(session: Session, table: TableName): void {
  const { cursor } = session;
  const chains: { readonly name: string; readonly body: Cursor }[] = [];
  const sets: NamedSet[] = [];
  cursor.expect('{');
  while (cursor.another()) {
    if (session.readDefinition()) continue;
    if (cursor.accept('comment')) {
      cursor.string('a comment');
      continue;
    }
    const kinds = ['chain', 'set', 'map'] as const;
    const kind =
      kinds.find((word) => cursor.accept(word)) ??
      unexpected(cursor.peek(), 'chain, set or map', 'nothing else in a table is modelled');
    const name = cursor.name(`the name of a ${kind}`);
    if (kind === 'chain') chains.push({ name, body: cursor.block() });
    else sets.push(readSetBody(session.scope(table), kind, name));
  }
  cursor.expect('}');
  for (const { name, body } of chains) readChainHead(session.over(body), table, name);
  for (const set of sets) session.declare(table, set, false);
  for (const { name, body } of chains) readChainRules(session.over(body), table, name);
}

function readChainHead({ cursor, emit }: Session, table: TableName, chain: string): void {
  if (cursor.another() && cursor.accept('comment')) cursor.string('a comment');
  const base = cursor.another() ? readBaseChain(cursor) : null;
  emit({ kind: 'add-chain', table, chain, base, mustBeNew: false });
}

/** To the end of its block. */
function readChainRules(session: Session, table: TableName, chain: string): void {
  const { cursor, emit } = session;
  while (cursor.another()) {
    if (session.readDefinition()) continue;
    if (cursor.accept('policy')) {
      emit({ kind: 'set-policy', table, chain, policy: cursor.choice('a policy', ['accept', 'drop']) });
    } else emit({ kind: 'add-rule', table, chain, rule: readRule(session, table), place: 'end' });
  }
  if (cursor.peek().kind !== 'end') unexpected(cursor.peek(), 'a rule');
}

function readChain(session: Session, verb: Verb, table: TableName, chain: string): void {
  const { cursor, emit } = session;
  switch (verb) {
    case 'delete':
    case 'destroy':
      emit({ kind: 'delete-chain', table, chain, mustExist: verb === 'delete' });
      return;
    case 'flush':
      emit({ kind: 'flush-chain', table, chain });
      return;
    case 'rename':
      emit({ kind: 'rename-chain', table, chain, to: cursor.name('a new name') });
      return;
    default: {
      if (!cursor.sees('{')) {
        emit({ kind: 'add-chain', table, chain, base: null, mustBeNew: verb === 'create' });
        return;
      }
      const body = session.over(cursor.block());
      if (!body.cursor.another() || !body.cursor.sees('policy')) {
        emit({ kind: 'add-chain', table, chain, base: readBaseChain(body.cursor), mustBeNew: verb === 'create' });
      }
      readChainRules(body, table, chain);
    }
  }
}

function readSet(session: Session, verb: Verb, table: TableName, name: string, kind: 'set' | 'map'): void {
  const { emit } = session;
  if (verb === 'flush') emit({ kind: 'flush-set', table, set: name });
  else if (verb === 'delete' || verb === 'destroy') {
    emit({ kind: 'delete-set', table, set: name, mustExist: verb === 'delete' });
  } else session.declare(table, readSetBody(session.scope(table), kind, name), verb === 'create');
}

function readRuleCommand(session: Session, verb: Verb, table: TableName, chain: string): void {
  const { cursor, emit } = session;
  const token = cursor.peek();
  const beside = readNumber(cursor);
  if (verb === 'delete' || verb === 'destroy' || verb === 'replace') {
    if (beside?.kind !== 'handle') refuse(token.at, `expected 'handle' and a number, got ${shown(token)}`);
    if (verb === 'replace')
      emit({ kind: 'replace-rule', table, chain, replaced: beside, rule: readRule(session, table) });
    else emit({ kind: 'delete-rule', table, chain, rule: beside, mustExist: verb === 'delete' });
    return;
  }
  const inserted = verb === 'insert';
  const rule = readRule(session, table);
  const place = beside ? ({ side: inserted ? 'before' : 'after', rule: beside } as const) : inserted ? 'start' : 'end';
  emit({ kind: 'add-rule', table, chain, rule, place });
}

function readNumber(cursor: Cursor): NumberedRule | null {
  if (cursor.accept('handle') || cursor.accept('position'))
    return { kind: 'handle', handle: cursor.number('a handle', 1) };
  return cursor.accept('index') ? { kind: 'index', index: cursor.number('an index') } : null;
}

function readRule(session: Session, table: TableName): Rule {
  const { cursor } = session;
  const { at } = cursor.peek();
  const { from } = cursor;
  const statements = readStatements(session.scope(table));
  return { statements, text: session.textOf(from, cursor.to), at };
}
