import type { Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Cursor } from './cursor.ts';
import { readConcatenation } from './expression.ts';
import type { Scope } from './scope.ts';
import { elementTypes, requireSet, requireSetOf } from './set.ts';
import { typesOf } from './type.ts';

/** A set that packets change: `add @set { key timeout 5s }`, or, as it was once written, `set add key timeout 5s @set`. */
export function readSetUpdate(scope: Scope): Statement {
  const { cursor } = scope;
  const start = cursor.peek();
  const old = cursor.accept('set');
  const operation = cursor.choice('what is done to the set', ['add', 'update', 'delete']);
  if (old) {
    const key = readConcatenation(scope, null);
    const timeout = readTimeout(cursor);
    const token = cursor.expect('@');
    const name = cursor.name('the name of a set');
    requireSetOf(scope, token, name, typesOf(key) ?? refuse(start.at, 'a constant is added by no packet'));
    return { kind: 'update-set', operation, set: name, key, timeout };
  }
  const token = cursor.expect('@');
  const name = cursor.name('the name of a set');
  const types = elementTypes(requireSet(scope, token, name)).key;
  cursor.expect('{');
  cursor.skipLineEnds();
  const key = readConcatenation(scope, types);
  requireSetOf(scope, token, name, typesOf(key) ?? refuse(start.at, 'a constant is added by no packet'));
  const timeout = readTimeout(cursor);
  cursor.skipLineEnds();
  cursor.expect('}');
  return { kind: 'update-set', operation, set: name, key, timeout };
}

function readTimeout(cursor: Cursor): number | null {
  return cursor.accept('timeout') ? cursor.duration('a timeout') : null;
}
