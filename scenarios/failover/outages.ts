/** For how long something isn't answered. */
import { outage } from '../../src/scenario/outward.ts';
import type { Flow, FlowRecord } from '../../src/scenario/journey.ts';
import type { StatementResult } from '../../src/scenario/result.ts';
import { leftToChance, type Pair } from './expectation.ts';
import type { Asked } from './gateway.ts';

/** A time in which nothing changed but by the candidate, in seconds. */
export interface Phase {
  readonly from: number;
  readonly until: number;
  /** When each question was answered at last, or given up. Until then it was asked in haste. */
  readonly settled: ReadonlyMap<Asked, readonly number[]>;
}

/** Something that is asked all the while, what people call it, and what should come of it. */
export interface Watched {
  readonly asked: Asked;
  readonly name: string;
  readonly expected: Pair;
}

/**
 * For how long what is asked in haste since `at` got no answer, which is told but not judged; and whether that ended.
 *
 * @param toEnd whether it is to be told of what didn't end, too; or the cell says all of it
 */
export function outages(
  toEnd: boolean,
  recordOf: (flow: Flow) => FlowRecord,
  since: string,
  at: number,
  { from, until, settled }: Phase,
  watched: readonly Watched[],
): readonly StatementResult[] {
  return watched.flatMap(({ asked, name, expected }) =>
    asked.questions.flatMap(({ flow, place: { line, uplink } }, index): readonly StatementResult[] => {
      const wanted = expected[line] ?? 'any';
      // Where chance decides, there is nothing to be said.
      if (leftToChance(wanted)) return [];
      const works = wanted === 'works';
      const [first, last] = works ? [at, settled.get(asked)?.[index] ?? until] : [from, until];
      const { lost, silence } = outage(recordOf(flow), flow, first, last);
      // What was on its way as it began doesn't end it.
      const ended = outage(recordOf(flow), flow, from, last).silence !== null;
      if (!ended && !toEnd) return [];
      const statement: StatementResult = {
        kind: 'statement',
        name: `${name}, ${asked.asker.host} to ${flow.server}, which went by ${uplink}: ${since}`,
        expected: works ? 'answered again' : 'not answered',
        found: ended
          ? `answered again; the longest silence was ${Math.round((silence ?? 0) * 1000)} ms, with ${lost} packets unanswered`
          : `not answered: ${lost} packets`,
        ok: ended === works,
      };
      return [statement];
    }),
  );
}
