/** How a scenario went, in numbers. */
export interface Totals {
  readonly trials: number;
  /** Trials that weren't begun, as the kernel lacks what they need. */
  readonly lacking: number;
  readonly checks: number;
  /** Checks that found something else than expected. */
  readonly unexpected: number;
  /** Trials, or the scenario itself, that could not be carried through. */
  readonly errors: number;
}

/**
 * Whether all that was tried went as expected, and something was tried: of each scenario, unless the kernel lacks what all of its
 * trials need.
 */
export function wentAsExpected(scenarios: readonly Counted[]): boolean {
  const totals = scenarios.map(scenarioTotals);
  const sound = totals.every(
    ({ trials, lacking, checks, unexpected, errors }) =>
      unexpected + errors === 0 && (checks > 0 || (trials > 0 && lacking === trials)),
  );
  return sound && totals.some(({ checks }) => checks > 0);
}

interface Counted {
  readonly error: unknown;
  readonly trials: readonly {
    readonly checks: readonly { readonly ok: boolean }[];
    readonly error: unknown;
    readonly lacks: string | null;
  }[];
}

/** Counts a scenario's trials, checks and errors; an `error` of `null` is none. */
export function scenarioTotals({ trials, error }: Counted): Totals {
  const checks = trials.flatMap((trial) => trial.checks);
  return {
    trials: trials.length,
    lacking: trials.filter(({ lacks }) => lacks !== null).length,
    checks: checks.length,
    unexpected: checks.filter((check) => !check.ok).length,
    errors: [error, ...trials.map((trial) => trial.error)].filter((e) => e !== null).length,
  };
}

/** The same in words. */
export function totalsText({ checks, unexpected, errors, lacking }: Omit<Totals, 'trials'>): string {
  return [
    `${checks - unexpected} checks as expected, ${unexpected} not`,
    ...(errors > 0 ? [`errors: ${errors}`] : []),
    ...(lacking > 0 ? [`trials that this kernel lacks something for: ${lacking}`] : []),
  ].join(', ');
}
