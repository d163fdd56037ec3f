import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { modelBackend } from '../../src/model/lab.ts';
import { LabError } from '../../src/net/error.ts';
import { candidateNames, loadCandidate } from '../../src/scenario/catalogue.ts';
import { scriptEnvironment } from '../../src/topology/environment.ts';
import threeIsps from '../topologies/three-isps.ts';
import { pieces, start } from './lines.ts';

export interface Reading {
  /** Lines that were read, in how many pieces; and what came of these. */
  readonly lines: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly refused: number;
  /** What made it break down, as small as could be; null: nothing did. */
  readonly broke: string | null;
}

/** How many pieces one host is for. */
const most = 60;

const topology = threeIsps();
const model = modelBackend({ release: '6.18.44', turn: () => setImmediate() });
const variables = Object.entries(scriptEnvironment(topology))
  .map(([name, value]) => `${name}='${value}'; `)
  .join('');

/**
 * Has the model run pieces of scripts that were made at random, until so many lines have been read. Each ends, with a status, or
 * is refused with its place; whatever else comes of one is told.
 */
export async function readAll(wanted: number, seed: number, progress: (lines: number) => void): Promise<Reading> {
  const candidates = await Promise.all((await candidateNames()).map(loadCandidate));
  const scripts = candidates.map(({ script, sources }) => sources[script] ?? '');
  const reading = { lines: 0, succeeded: 0, failed: 0, refused: 0 };
  const property = fc.asyncProperty(
    fc.array(pieces(scripts), { minLength: 1, maxLength: most, size: 'max' }),
    async (all) => {
      const options = { profile: 'kernel', seed: 1, tunnels: {}, directory: '/nonexistent', label: 'robust' };
      const lab = await model.open(topology, options);
      await lab.run('server', start);
      for (const piece of all) {
        reading.lines += piece.split('\n').length;
        try {
          const { status } = await lab.run('server', variables + piece);
          reading[status === 0 ? 'succeeded' : 'failed']++;
        } catch (error) {
          if (!isRefusal(error)) throw error;
          reading.refused++;
        }
      }
      await lab.close();
    },
  );
  for (let round = 0; reading.lines < wanted; round++) {
    const check = await fc.check(property, { seed: seed + round, numRuns: 5 });
    if (check.failed) return { ...reading, broke: fc.defaultReportMessage(check) ?? 'without a word' };
    progress(reading.lines);
  }
  return { ...reading, broke: null };
}

/** Whether an error is what somebody is to be told who wrote such a script: with its place, or that it doesn't end. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof LabError)) return false;
  return /^(?:the model can't carry this out: )?script:\d+:\d+: \S|^a script for server has not ended /.test(
    error.message,
  );
}
