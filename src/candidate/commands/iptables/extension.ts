import type { Location } from '../location.ts';
import type { Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import type { Word } from '../word.ts';

/** A match (`-m`) or a target (`-j`): which options it has, and what it comes to. */
export interface Extension {
  readonly options: Readonly<Record<string, OptionShape>>;
  /** Tables and chains where the kernel takes it; without them, everywhere. Chains of one's own are not looked into. */
  readonly tables?: readonly string[];
  readonly chains?: readonly string[];
  readonly read: (options: Options, rule: RuleContext) => readonly Statement[];
}

export interface OptionShape {
  /** How many words follow it. */
  readonly values: 0 | 1 | 2;
  /** Whether `!` may stand before it. */
  readonly invertible: boolean;
  /** The option's own name, where this is another one for it. */
  readonly is?: string;
}

export interface Option {
  readonly name: string;
  readonly invert: boolean;
  readonly values: readonly Word[];
  readonly at: Location;
}

/** The options that an extension was given, by name; each once at most. */
export interface Options {
  readonly all: ReadonlyMap<string, Option>;
  /** Where the extension itself was named. */
  readonly at: Location;
}

export interface RuleContext {
  /** The rule's protocol (`-p`); null where there is none, or it is inverted. */
  readonly protocol: number | null;
}

/** An option with a value; `no` with !, `bare` without a value. */
export const value: OptionShape = { values: 1, invertible: false };
export const invertible: OptionShape = { values: 1, invertible: true };
export const bare: OptionShape = { values: 0, invertible: false };
export const bareInvertible: OptionShape = { values: 0, invertible: true };

/** The value of an option, if it was given. */
export function optional({ all }: Options, name: string): { readonly word: Word; readonly invert: boolean } | null {
  const option = all.get(name);
  const word = option?.values[0];
  return option && word ? { word, invert: option.invert } : null;
}

/** The value of an option that must be given. */
export function required(options: Options, name: string): { readonly word: Word; readonly invert: boolean } {
  return optional(options, name) ?? refuse(options.at, `option '${name}' is missing`);
}

/** Refuses what says two things at once. */
export function onlyOne(options: Options, names: readonly string[]): Option {
  const given = names.flatMap((name) => options.all.get(name) ?? []);
  const [first, second] = given;
  if (second) refuse(second.at, `'${second.name}' can't stand with '${first?.name ?? ''}'`);
  return first ?? refuse(options.at, `expected one of ${names.join(', ')}`);
}
