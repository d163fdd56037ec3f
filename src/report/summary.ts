import type picocolors from 'picocolors';
import { causeNames } from './outcome.ts';
import type { TapScenario, TapTrial } from './tap-tree.ts';

type Colors = ReturnType<typeof picocolors.createColors>;

/** What a candidate's trials in a scenario come to: all networks, services and uplinks of it in one word. */
export type Summary =
  | { readonly kind: 'not tried' | 'not here' | 'works' | 'as stated' | 'unexpected' }
  | { readonly kind: 'fails' | 'partly'; readonly causes: readonly string[] };

/** What `candidate`'s trials in a scenario come to. */
export function summaryOf({ trials }: Pick<TapScenario, 'trials'>, candidate: string): Summary {
  const all = trials.filter((trial) => trial.candidate === candidate);
  if (all.length === 0) return { kind: 'not tried' };
  const own = all.filter(({ lacks }) => lacks === null);
  if (own.length === 0) return { kind: 'not here' };
  if (own.some(({ checks, error }) => error !== null || checks.some(({ ok }) => !ok))) return { kind: 'unexpected' };
  const found = outcomesOf(own);
  const causes = causeNames.filter((cause) => found.has(cause));
  if (found.size === 0) return { kind: 'as stated' };
  if (causes.length === 0) return { kind: 'works' };
  return { kind: found.has('works') ? 'partly' : 'fails', causes };
}

function outcomesOf(trials: readonly TapTrial[]): ReadonlySet<string> {
  return new Set(
    trials.flatMap(({ checks }) => checks.flatMap((check) => (check.kind === 'cell' ? [check.found] : []))),
  );
}

/** One word to a line, as wide as a cell of `overview`. */
export function summaryText(summary: Summary, { dim, green, yellow, red }: Colors): string {
  switch (summary.kind) {
    case 'not tried':
      return dim('-');
    case 'not here':
      return dim('not on this\nkernel');
    case 'works':
    case 'as stated':
      return green(summary.kind);
    case 'unexpected':
      return red('unexpected !!');
    case 'fails':
    case 'partly':
      return [`${summary.kind}:`, ...summary.causes.map((cause) => ` ${cause}`)].map(yellow).join('\n');
  }
}
