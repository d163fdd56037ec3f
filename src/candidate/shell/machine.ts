import type { Location } from './location.ts';
import type { Pipe } from './pipe.ts';
import type { Job, Processes } from './process.ts';

/** The machine that a script runs on, as far as it sees it: programs and files. What `run` and `open` throw, goes through. */
export interface Machine {
  /** The programs there are, by their names without a folder. */
  readonly commands: ReadonlySet<string>;
  /** Runs a program: at once, or as work that may have to wait. */
  run(invocation: Invocation): Result | Job<Result>;
  /** What an executable script says, or `null` if there is none of that path. */
  script(path: string): string | null;
  /** What a file holds, or `null` if it isn't there. */
  read(path: string, at: Location): string | null;
  /** Opens a file for writing, as `>` or, to append, as `>>` does; or says why it can't be, such as `Permission denied`. */
  open(path: string, append: boolean, at: Location): OpenFile | string;
  /** The pipe of that path, or `null` if it is none. */
  pipe(path: string): Pipe | null;
  /** The names in a folder, `.` and `..` left out, or `null` if there is no such folder. */
  list(folder: string): readonly string[] | null;
  readonly processes: Processes;
}

export interface OpenFile {
  /** Which file it is, whatever its name. */
  readonly inode: object;
  /** Writes once, as write(2) does; returns why it failed, such as `Invalid argument`, or `null`. */
  write(text: string): string | null;
  close(): void;
}

/** A program with its arguments, after all expansion. */
export interface Invocation {
  /** The program's name, without a folder. */
  readonly name: string;
  /** As the script gives them, the program's own first. */
  readonly words: readonly Argument[];
  readonly at: Location;
  /** Takes all that is left to read on standard input: a program that doesn't read it leaves it to the next. */
  readonly takeInput: () => Job<TakenInput>;
  /** Says something at once, while it goes on; returns why that failed, or `null`. */
  readonly say: (text: string) => string | null;
  /** The file that a descriptor leads to, or `null`. */
  readonly fileAt: (descriptor: number) => OpenFile | null;
}

/** A word after expansion. Those that one expansion was split into all stand where it does. */
export interface Argument {
  readonly text: string;
  readonly at: Location;
  /** Whether anything of it came of an expansion; absent: it didn't. */
  readonly expanded?: boolean;
}

export interface TakenInput {
  readonly text: string;
  /** Where its first line stands, if it is a here-document or what is left of one; else where it was redirected. */
  readonly at: Location | null;
}

export interface Result {
  /** 0 to 255. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}
