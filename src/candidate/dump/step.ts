import type { Input } from '../commands/input.ts';
import type { Location } from '../commands/location.ts';
import type { Word } from '../commands/word.ts';

/** Something that brings a host a step nearer to the state of a dump. */
export type Step =
  /** Commands of one program, each without the program's name; their words stand where the dump says what they say. */
  | { readonly program: 'ip' | 'nft' | 'sysctl'; readonly commands: readonly Command[] }
  | { readonly program: 'iptables-restore'; readonly input: Input };

export interface Command {
  readonly words: readonly Word[];
  readonly at: Location;
}

/** A command of words of our own and of the dump's; words of our own stand at `at`. */
export function command(at: Location, ...parts: readonly (string | Word | readonly Word[])[]): Command {
  const words = parts.flatMap((part): readonly Word[] => {
    if (typeof part !== 'string') return 'text' in part ? [part] : part;
    return part.split(' ').map((text) => ({ text, at }));
  });
  return { words, at };
}

/** A command line, without the program's name. */
export function lineOf({ words }: Command): string {
  return words.map(({ text }) => text).join(' ');
}
