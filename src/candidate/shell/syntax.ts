/** A script as it is evaluated: POSIX sh, and nothing else that a parser of bash might let through. */
import type { Location } from './location.ts';

export type List = readonly Command[];

export type Command = { readonly at: Location } & (
  | {
      readonly kind: 'simple';
      readonly assignments: readonly Assignment[];
      readonly words: readonly Word[];
      readonly redirections: readonly Redirection[];
    }
  | { readonly kind: 'pipeline'; readonly commands: readonly Command[] }
  | { readonly kind: 'not'; readonly command: Command }
  /** Of the rest, each is run if what came before it succeeded (`&&`) or failed (`||`). */
  | { readonly kind: 'and-or'; readonly first: Command; readonly rest: readonly Conditional[] }
  | { readonly kind: 'group' | 'subshell'; readonly body: List }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: List }
  /** `words`: `null` for the positional parameters. */
  | { readonly kind: 'for'; readonly name: string; readonly words: readonly Word[] | null; readonly body: List }
  | { readonly kind: 'while'; readonly until: boolean; readonly condition: List; readonly body: List }
  | { readonly kind: 'case'; readonly word: Word; readonly items: readonly CaseItem[] }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command }
  /** What is begun and not waited for. */
  | { readonly kind: 'background'; readonly command: Command }
  | { readonly kind: 'redirected'; readonly command: Command; readonly redirections: readonly Redirection[] }
);

export type SimpleCommand = Extract<Command, { kind: 'simple' }>;
export type RedirectedCommand = Extract<Command, { kind: 'redirected' }>;

export interface Conditional {
  readonly operator: '&&' | '||';
  readonly command: Command;
}

export interface Branch {
  readonly condition: List;
  readonly body: List;
}

export interface CaseItem {
  readonly patterns: readonly Word[];
  readonly body: List;
}

export interface Assignment {
  readonly name: string;
  readonly value: Word;
}

export type Redirection = { readonly descriptor: number; readonly at: Location } & (
  | { readonly kind: 'read' | 'write' | 'append'; readonly target: Word }
  | { readonly kind: 'duplicate'; readonly from: number }
  | { readonly kind: 'close' }
  /** `at` is where its first line stands. */
  | { readonly kind: 'here-document'; readonly text: Word }
);

export interface Word {
  readonly parts: readonly Part[];
  readonly at: Location;
  /** An assignment among the arguments of `export`, `local` or `readonly`: its value is one field, whatever it holds. */
  readonly declaration: boolean;
}

/** `quoted`: neither split into fields nor read as a pattern. */
export type Part = { readonly quoted: boolean } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string; readonly operation: Operation | null; readonly at: Location }
  | { readonly kind: 'command'; readonly body: List; readonly at: Location }
  | { readonly kind: 'arithmetic'; readonly expression: readonly Part[]; readonly at: Location }
);

export type Operation =
  | { readonly kind: 'length' }
  /** `-`, `=`, `?` and `+`; with a colon before it, an empty value counts as none. */
  | { readonly kind: 'default' | 'assign' | 'require' | 'alternative'; readonly colon: boolean; readonly word: Word }
  | { readonly kind: 'remove'; readonly end: 'prefix' | 'suffix'; readonly longest: boolean; readonly pattern: Word };
