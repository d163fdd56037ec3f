import { compareVersions, knownVersion, versionOf } from '../model/release.ts';

/** What a scenario states, where Linux differs: from the first release that is modelled on, and from some later ones on. */
export interface ByEra<Value> {
  readonly kind: 'by-era';
  readonly before: Value;
  readonly changes: readonly EraChange<Value>[];
}

interface EraChange<Value> {
  /** The first release that it holds for, e.g. `4.12`; it does until the next. */
  readonly since: string;
  readonly is: Value;
  /** What made it so: what was changed in Linus' tree, with the commit if it is known. */
  readonly because: string;
}

/**
 * @param before what holds from 2.6 on
 * @param changes oldest first
 * @throws RangeError if they aren't in order
 */
export function byEra<Value>(before: Value, ...changes: readonly EraChange<Value>[]): ByEra<Value> {
  for (const [index, { since }] of changes.entries()) {
    const previous = changes[index - 1]?.since ?? '2.6';
    if (compareVersions(versionOf(previous), versionOf(since)) >= 0)
      throw new RangeError(`${since} does not come after ${previous}`);
  }
  return { kind: 'by-era', before, changes };
}

/**
 * What holds for a release.
 *
 * @throws LabError 'invalid' for what is no release, or is older than 2.6
 */
export function inEra<Value>({ before, changes }: ByEra<Value>, release: string): Value {
  const version = knownVersion(release);
  const current = changes.findLast(({ since }) => compareVersions(versionOf(since), version) <= 0);
  return current ? current.is : before;
}

/** The same statement in other words: each of its values made into another. */
export function mapEras<Value, Other>(
  { before, changes }: ByEra<Value>,
  change: (value: Value) => Other,
): ByEra<Other> {
  return byEra(change(before), ...changes.map(({ is, ...rest }) => ({ ...rest, is: change(is) })));
}

/** What follows from two statements together. */
export function joinEras<One, Other, Joined>(
  one: ByEra<One>,
  other: ByEra<Other>,
  join: (one: One, other: Other) => Joined,
): ByEra<Joined> {
  const because = new Map<string, string[]>();
  for (const change of [...one.changes, ...other.changes]) {
    because.set(change.since, [...(because.get(change.since) ?? []), change.because]);
  }
  const changes = [...because]
    .map(([since, reasons]) => ({
      since,
      is: join(inEra(one, since), inEra(other, since)),
      because: reasons.join('; '),
    }))
    .sort((first, second) => compareVersions(versionOf(first.since), versionOf(second.since)));
  return byEra(join(one.before, other.before), ...changes);
}

export function isByEra<Value>(value: Value | ByEra<Value>): value is ByEra<Value> {
  return typeof value === 'object' && value !== null && (value as { readonly kind?: unknown }).kind === 'by-era';
}
