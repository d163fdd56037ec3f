import type { RecentOperation } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { bare, bareInvertible, onlyOne, optional, value, type Extension, type Options } from './extension.ts';
import { readNetwork, readNumber } from './value.ts';

const operations: Readonly<Record<string, RecentOperation>> = {
  '--set': 'set',
  '--rcheck': 'rcheck',
  '--update': 'update',
  '--remove': 'remove',
};

/** What only `--rcheck` and `--update` take. */
const conditions = ['--seconds', '--hitcount', '--reap', '--rttl'];

/** xt_recent: lists of addresses and of when they were seen, which rules keep and ask by name. */
export const recent: Extension = {
  options: {
    ...Object.fromEntries(Object.keys(operations).map((name) => [name, bareInvertible])),
    ...{ '--seconds': value, '--hitcount': value, '--reap': bare, '--rttl': bare },
    ...{ '--name': value, '--rsource': bare, '--rdest': bare, '--mask': value },
  },
  read: (options) => {
    const { name: option, invert } = onlyOne(options, Object.keys(operations));
    const operation = operations[option] ?? 'set';
    const { all } = options;
    const condition = conditions.map((name) => all.get(name)).find((given) => given !== undefined);
    if (condition && (operation === 'set' || operation === 'remove')) {
      refuse(condition.at, `'${condition.name}' can't stand with '${option}'`);
    }
    const rttl = all.get('--rttl');
    if (rttl) refuse(rttl.at, "'--rttl' is not modelled", 'addresses are told apart by themselves alone');
    // Of both, the last one holds.
    const side = [...all.keys()].findLast((name) => name === '--rsource' || name === '--rdest');
    const [seconds, hits, mask] = ['--seconds', '--hitcount', '--mask'].map((name) => optional(options, name)?.word);
    const reap = all.get('--reap');
    if (reap && !seconds) refuse(reap.at, "'--reap' needs '--seconds'");
    return [
      {
        ...{ kind: 'recent', list: readName(options), operation, invert, reaps: reap !== undefined },
        side: side === '--rdest' ? 'ip daddr' : 'ip saddr',
        mask: mask ? readNetwork(mask).address : 0xffffffff,
        seconds: seconds ? readNumber(seconds, 'a number of seconds', 0xffffffff, 1) : null,
        hits: hits ? readNumber(hits, 'a number of hits', 0xffff) : 0,
      },
    ];
  },
};

/** A list's name is that of a file in /proc/net/xt_recent. */
function readName(options: Options): string {
  const word = optional(options, '--name')?.word;
  if (!word) return 'DEFAULT';
  if (!/^(?!\.\.?$)[^/]{1,199}$/.test(word.text)) refuse(word.at, `'${word.text}' can't be the name of a list`);
  return word.text;
}
