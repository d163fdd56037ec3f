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

/** @param isFolder whether files can be made in a folder */
export function createSystem(processes: Processes, isFolder: (path: string) => boolean): System {
  const locks = createLocks();
  return { processes, locks, files: createFiles(isFolder, locks) };
}

type Entry = { readonly kind: 'file'; text: string } | { readonly kind: 'pipe'; readonly pipe: Pipe };

function createFiles(isFolder: (path: string) => boolean, locks: Locks): Files {
  const entries = new Map<string, Entry>();
  const entryAt = (path: string): Entry | undefined => entries.get(plain(path));
  const canHold = (path: string): boolean => isFolder(plain(path).slice(0, Math.max(0, plain(path).lastIndexOf('/'))));
  return {
    read: (path) => {
      const entry = entryAt(path);
      return entry?.kind === 'file' ? entry.text : null;
    },
    open: (path, append) => {
      if (!canHold(path)) return 'No such file or directory';
      const found = entryAt(path);
      const entry = found?.kind === 'file' ? found : { kind: 'file' as const, text: '' };
      entries.set(plain(path), entry);
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
      const entry = entryAt(path);
      return entry?.kind === 'pipe' ? entry.pipe : null;
    },
    makePipe: (path) => {
      if (entryAt(path)) return 'File exists';
      if (!canHold(path)) return 'No such file or directory';
      entries.set(plain(path), { kind: 'pipe', pipe: createPipe() });
      return null;
    },
    remove: (path) => entries.delete(plain(path)),
  };
}

/** `./x` is `x`. */
function plain(path: string): string {
  return path.replace(/^(?:[.]\/+)+/, '');
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
