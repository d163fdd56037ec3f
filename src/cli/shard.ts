import { LabError } from '../net/error.ts';
import type { Shard } from '../scenario/result.ts';

/**
 * Reads `2/5`, the second of five parts; nothing is the whole.
 *
 * @throws LabError `invalid` for anything else
 */
export function readShard(text: string | undefined): Shard {
  if (text === undefined) return { index: 1, of: 1 };
  const [, index, of] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (index !== undefined && of !== undefined && index >= 1 && index <= of) return { index, of };
  throw new LabError('invalid', `--shard: expected I/N with I from 1 to N, such as 2/5, got '${text}'`);
}
