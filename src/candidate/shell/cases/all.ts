import { arithmetic } from './arithmetic.ts';
import { builtins } from './builtins.ts';
import type { Case } from './case.ts';
import { control } from './control.ts';
import { errors } from './errors.ts';
import { fields } from './fields.ts';
import { functions } from './functions.ts';
import { input } from './input.ts';
import { patterns } from './patterns.ts';
import { processes } from './processes.ts';

/** What is expected of the evaluator; the kernel tests ask dash whether it is right. */
export const cases: readonly Case[] = [
  ...fields,
  ...patterns,
  ...arithmetic,
  ...control,
  ...functions,
  ...errors,
  ...input,
  ...builtins,
  ...processes,
];
