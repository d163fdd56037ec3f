import type { Shot } from '../../backend/volley.ts';
import type { PhaseRecord, StepEnd, TrialRecord } from './carry-out.ts';
import type { Trial } from './trial.ts';

/** What the two did otherwise than each other. */
export interface Difference {
  /** Of the phase, counted from 0. */
  readonly phase: number;
  /** Null: it is about a step of a script, not about packets. */
  readonly shot: Shot | null;
  /** What crossed the interfaces, or how the steps ended, line by line. */
  readonly kernel: readonly string[];
  readonly model: readonly string[];
}

/**
 * Compares how the steps of each phase ended, and each shot's crossings.
 *
 * @param chance by phase and shot: whether there is nothing to compare; absent: always something
 */
export function differencesOf(
  { phases }: Trial,
  kernel: TrialRecord,
  model: TrialRecord,
  chance: readonly (readonly boolean[])[] = [],
): readonly Difference[] {
  return phases.flatMap(({ shots }, phase): readonly Difference[] => {
    const [one, other] = [kernel[phase], model[phase]];
    if (!one || !other) throw new Error(`phase ${phase} was not carried out`);
    const asLines = (steps: PhaseRecord['steps']): readonly string[] => steps.map(describe);
    const said = (steps: PhaseRecord['steps']): readonly string[] =>
      steps.flatMap((step) => [describe(step), ...step.stderr.split('\n').filter(Boolean)]);
    const differ = asLines(one.steps).join('\n') !== asLines(other.steps).join('\n');
    return [
      ...(differ ? [{ phase, shot: null, kernel: said(one.steps), model: said(other.steps) }] : []),
      ...shots.flatMap((shot, index) =>
        chance[phase]?.[index]
          ? []
          : [{ phase, shot, kernel: one.crossings[index] ?? [], model: other.crossings[index] ?? [] }],
      ),
    ].filter((each) => each.kernel.join('\n') !== each.model.join('\n'));
  });
}

const describe = ({ host, status }: StepEnd): string => `${host}: the script ended with status ${status}`;
