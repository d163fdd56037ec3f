/** How a scenario went, in numbers. */
export interface Totals {
  readonly trials: number;
  readonly checks: number;
  /** Checks that found something else than expected. */
  readonly unexpected: number;
  /** Trials, or the scenario itself, that could not be carried through. */
  readonly errors: number;
}

/** Whether all that was tried went as expected, and something was tried. */
export function wentAsExpected(scenarios: readonly Counted[]): boolean {
  const totals = scenarios.map(scenarioTotals);
  return totals.length > 0 && totals.every(({ checks, unexpected, errors }) => checks > 0 && unexpected + errors === 0);
}

interface Counted {
  readonly error: unknown;
  readonly trials: readonly { readonly checks: readonly { readonly ok: boolean }[]; readonly error: unknown }[];
}

/** Counts a scenario's trials, checks and errors; an `error` of `null` is none. */
export function scenarioTotals({ trials, error }: Counted): Totals {
  const checks = trials.flatMap((trial) => trial.checks);
  return {
    trials: trials.length,
    checks: checks.length,
    unexpected: checks.filter((check) => !check.ok).length,
    errors: [error, ...trials.map((trial) => trial.error)].filter((e) => e !== null).length,
  };
}
