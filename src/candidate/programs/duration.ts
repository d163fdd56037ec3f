import { refuse } from '../commands/refusal.ts';
import type { Argument } from '../shell/machine.ts';

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Seconds, as GNU's programs take them: `0.1`, `5m`.
 *
 * @throws LabError 'invalid'
 */
export function readDuration({ text, at }: Argument): number {
  const [, number = '', unit = ''] = /^([0-9]*\.?[0-9]+|[0-9]+\.)([smhd]?)$/.exec(text) ?? [];
  if (number === '') refuse(at, `expected a time such as 0.5 or 5m, got ${JSON.stringify(text)}`);
  return Number(number) * (units[unit] ?? 1);
}
