import { mkfifo, rm } from './files.ts';
import type { Program } from './program.ts';
import { awk, sort } from './text.ts';
import { flock, sleep, timeout } from './waiting.ts';

/** The programs that have nothing to do with networks. */
export const programs: ReadonlyMap<string, Program> = new Map(
  Object.entries<Program>({ awk, flock, mkfifo, rm, sleep, sort, timeout }),
);
