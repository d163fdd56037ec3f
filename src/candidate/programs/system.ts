import type { OpenFile } from '../shell/machine.ts';
import { createPipe, type Pipe } from '../shell/pipe.ts';
import { createSignal, type Processes, type Wait } from '../shell/process.ts';

/** What the programs of a machine share: who is at work, files in memory, and locks. */
export interface System {
  readonly processes: Processes;
  readonly files: Files;
  readonly locks: Locks;
}

/** Files and named pipes in folders that are there, such as /run; nothing of them is on a disk. */
export interface Files {
  /** What a file holds, or `null` if it isn't there. */
  read(path: string): string | null;
  /** Opens a file for writing, or says why it can't be. */
  open(path: string, append: boolean): OpenFile | string;
  pipe(path: string): Pipe | null;
  /** Makes a named pipe; returns why it can't be made, or `null`. */
  makePipe(path: string): string | null;
  /** Returns whether it was there. */
  remove(path: string): boolean;
}

/** Locks on files, as flock(2) has them: the file's, whoever has it open that way, until that is closed. */
export interface Locks {
  /** Takes the lock, unless somebody else has it. */
  take(file: OpenFile): boolean;
  release(file: OpenFile): void;
  /** Until a lock is free. */
  readonly wait: Wait;
}

/** @param folders where files can be made */
export function createSystem(processes: Processes, folders: readonly string[]): System {
  const locks = createLocks();
  return { processes, locks, files: createFiles(folders, locks) };
}

type Entry = { readonly kind: 'file'; text: string } | { readonly kind: 'pipe'; readonly pipe: Pipe };

function createFiles(folders: readonly string[], locks: Locks): Files {
  const entries = new Map<string, Entry>();
  const canHold = (path: string): boolean => folders.includes(path.slice(0, path.lastIndexOf('/')));
  return {
    read: (path) => {
      const entry = entries.get(path);
      return entry?.kind === 'file' ? entry.text : null;
    },
    open: (path, append) => {
      if (!canHold(path)) return 'No such file or directory';
      const found = entries.get(path);
      const entry = found?.kind === 'file' ? found : { kind: 'file' as const, text: '' };
      entries.set(path, entry);
      if (!append) entry.text = '';
      const file: OpenFile = {
        inode: entry,
        write: (text) => {
          entry.text += text;
          return null;
        },
        close: () => {
          locks.release(file);
        },
      };
      return file;
    },
    pipe: (path) => {
      const entry = entries.get(path);
      return entry?.kind === 'pipe' ? entry.pipe : null;
    },
    makePipe: (path) => {
      if (entries.has(path)) return 'File exists';
      if (!canHold(path)) return 'No such file or directory';
      entries.set(path, { kind: 'pipe', pipe: createPipe() });
      return null;
    },
    remove: (path) => entries.delete(path),
  };
}

function createLocks(): Locks {
  const holders = new Map<object, OpenFile>();
  const freed = createSignal();
  return {
    wait: freed.wait,
    take: (file) => {
      const holder = holders.get(file.inode) ?? file;
      holders.set(file.inode, holder);
      return holder === file;
    },
    release: (file) => {
      if (holders.get(file.inode) !== file) return;
      holders.delete(file.inode);
      freed.give();
    },
  };
}
