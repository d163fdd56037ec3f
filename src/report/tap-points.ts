import type { FinalResults, Parser, Result } from 'tap-parser';
import { LabError } from '../net/error.ts';

/** A test point as TAP has it, whatever its diagnostic means. */
export interface TapPoint {
  readonly ok: boolean;
  readonly description: string;
  /** The parsed YAML block, without `duration_ms`; `null` if there is none. */
  readonly diagnostic: unknown;
  /** The diagnostic's `duration_ms`. */
  readonly milliseconds: number | null;
  /** Why it was skipped; `null`: it wasn't. */
  readonly skipped: string | null;
  readonly subtest: readonly TapPoint[];
}

/** A whole TAP document. */
export interface TapPoints {
  /** The comments of the top level, without `# `. */
  readonly comments: readonly string[];
  readonly points: readonly TapPoint[];
}

/**
 * Parses a TAP 14 document strictly. Failed points are no error; a document that breaks its own plan, holds no point or
 * anything but TAP, leaves a point to do, skips one without a reason or one that is a part of it, bails out, or reports a subtest otherwise than its points went, is.
 *
 * @throws {LabError} `lab-failed`: the document is malformed, incomplete or contradicts itself.
 */
export async function readPoints(text: string): Promise<TapPoints> {
  const { Parser } = await import('tap-parser');
  const parser = new Parser({ strict: true });
  const problems: string[] = [];
  const versions: number[] = [];
  parser.on('version', (version: number) => versions.push(version));
  const points = follow(parser, problems);
  parser.end(text);
  if (versions.join() !== '14') problems.push("expected 'TAP version 14' as the first line");
  // A line that the parser could not even split off stays in its buffer.
  if (parser.buffer.trim() !== '') problems.push('unreadable line');
  const bailout = parser.bailedOut;
  if (bailout !== false) problems.unshift(bailout === true ? 'bailed out' : `bailed out: ${bailout}`);
  const [first] = problems;
  if (first !== undefined) {
    const others = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    throw new LabError(
      'lab-failed',
      `TAP: ${first}${others}`,
      'The run was cut short or its output mixed: run it again.',
    );
  }
  return { comments: parser.comments.map((comment) => comment.trim().replace(/^# ?/, '')), points };
}

/** Collects the parser's points, and its subtests' within them, as it goes; what is wrong goes to `problems`. */
function follow(parser: Parser, problems: string[]): readonly TapPoint[] {
  const points: TapPoint[] = [];
  let subtest: readonly TapPoint[] = [];
  parser.on('child', (child: Parser) => {
    subtest = follow(child, problems);
  });
  parser.on('assert', (result: Result) => {
    const { ok, name, time } = result;
    const { skip, todo } = result;
    if (todo !== false) problems.push(`'${name}' is left to do`);
    if (skip === true || skip === '') problems.push(`'${name}' is skipped without a reason`);
    if (skip !== false && (!ok || subtest.length > 0))
      problems.push(`'${name}' is skipped, and has failed or has parts`);
    if (subtest.length > 0 && ok !== subtest.every((point) => point.ok)) {
      problems.push(`'${name}' is ${ok ? 'ok' : 'not ok'}, unlike the points within it`);
    }
    const skipped = typeof skip === 'string' ? skip : null;
    points.push({ ok, description: name, diagnostic: result.diag as unknown, milliseconds: time, skipped, subtest });
    subtest = [];
  });
  parser.on('complete', (results: FinalResults) => {
    const { failures, plan, count } = results;
    for (const { tapError } of failures) if (tapError !== null) problems.push(tapError);
    if (count === 0) problems.push('no test point');
    else if (plan.end !== count || plan.start !== 1)
      problems.push(`the plan is ${plan.start}..${plan.end}, with ${count} points`);
  });
  return points;
}
