import type { Element, ElementKey, NamedSet, Verdict } from '../../candidate/commands/netfilter.ts';

/** A value of a packet's; several side by side for a concatenation. */
export type Value = number | string | readonly (number | string)[];

/** A set or a map, with what was added while it ran. */
export interface SetState {
  readonly declared: NamedSet | null;
  /** What it has for a value: undefined if nothing, null if it is a set's member. */
  find(value: Value, now: number): Verdict | ElementKey | null | undefined;
  /** @returns false if there is no room */
  add(value: Value, now: number, timeout: number | null, refresh: boolean): boolean;
  delete(value: Value): void;
  addElements(elements: readonly Element[], now: number): void;
  deleteElements(elements: readonly Element[]): void;
  clear(): void;
  /** Another one with the same in it. */
  copy(): SetState;
}

interface Member {
  readonly key: Element['key'];
  readonly value: Verdict | ElementKey | null;
  readonly expires: number;
}

/** Exact values are found by their key, ranges one by one. */
export function createSet(declared: NamedSet | null, elements: readonly Element[], now = 0): SetState {
  const set = setOf(declared, new Map(), [], null);
  set.addElements(elements, now);
  return set;
}

function setOf(
  declared: NamedSet | null,
  exact: Map<number | string, Member>,
  startRanges: readonly Member[],
  startFallback: Member | null,
): SetState {
  let ranges = startRanges;
  let fallback = startFallback;

  const addElements = (added: readonly Element[], now: number): void => {
    for (const { key, value = null, timeout } of added) {
      const lifetime = timeout ?? declared?.timeout ?? null;
      const member: Member = { key, value, expires: lifetime === null ? Infinity : now + lifetime };
      const place = exactKey(key);
      if (key.kind === 'default') fallback = member;
      else if (place === null) ranges = [...ranges, member];
      else exact.set(place, member);
    }
  };
  return {
    declared,
    find: (value, now) => {
      const place = valueKey(value);
      const found = exact.get(place);
      if (found && found.expires > now) return found.value;
      if (found) exact.delete(place);
      for (const member of ranges) {
        if (member.expires > now && member.key.kind !== 'default' && matchesKey(member.key, value)) return member.value;
      }
      return fallback?.value;
    },
    add: (value, now, timeout, refresh) => {
      const place = valueKey(value);
      const found = exact.get(place);
      if (found && found.expires > now && !refresh) return true;
      if (!found && declared && declared.size !== null && exact.size >= declared.size) {
        for (const [key, { expires }] of exact) if (expires <= now) exact.delete(key);
        if (exact.size >= declared.size) return false;
      }
      const lifetime = timeout ?? declared?.timeout ?? null;
      exact.set(place, {
        key: keyOfValue(value),
        value: null,
        expires: lifetime === null ? Infinity : now + lifetime,
      });
      return true;
    },
    delete: (value) => void exact.delete(valueKey(value)),
    addElements,
    deleteElements: (deleted) => {
      for (const { key } of deleted) {
        const place = exactKey(key);
        if (place !== null) exact.delete(place);
        else ranges = ranges.filter((member) => JSON.stringify(member.key) !== JSON.stringify(key));
      }
    },
    clear: () => {
      exact.clear();
      ranges = [];
    },
    copy: () => setOf(declared, new Map(exact), ranges, fallback),
  };
}

function valueKey(value: Value): number | string {
  return typeof value === 'object' ? value.join(' ') : value;
}

function keyOfValue(value: Value): ElementKey {
  return typeof value === 'object'
    ? { kind: 'concatenation', parts: value.map((part) => ({ kind: 'value', value: part })) }
    : { kind: 'value', value };
}

function exactKey(key: Element['key']): number | string | null {
  switch (key.kind) {
    case 'value':
      return key.value;
    case 'concatenation': {
      const parts = key.parts.map((part) => (part.kind === 'value' ? part.value : null));
      return parts.includes(null) ? null : parts.join(' ');
    }
    case 'default':
    case 'range':
    case 'name-prefix':
      return null;
  }
}

/** Whether a value is one that a key stands for. */
export function matchesKey(key: ElementKey, value: Value): boolean {
  switch (key.kind) {
    case 'value':
      return key.value === value;
    case 'range':
      return typeof value === 'number' && value >= key.from && value <= key.to;
    case 'name-prefix':
      return typeof value === 'string' && value.startsWith(key.prefix);
    case 'concatenation':
      return typeof value === 'object' && key.parts.every((part, index) => matchesKey(part, value[index] ?? ''));
  }
}
