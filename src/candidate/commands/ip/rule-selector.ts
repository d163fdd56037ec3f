import type { Output, RuleCommand, RuleSelector } from '../ip.ts';
import type { Cursor } from '../cursor.ts';
import { matches, meant, namesOf, readWords, takes, unmodelled } from '../keyword.ts';
import { wholeNumber } from '../number.ts';
import { prefixIn } from './address-text.ts';
import { deviceIn, tableIn, type TableNames } from './names.ts';
import { splitMark } from './rule.ts';

interface Draft {
  readonly named: TableNames;
  selector: RuleSelector;
}
const chosen = (rules: Draft, by: Partial<RuleSelector>): void => {
  rules.selector = { ...rules.selector, ...by };
};

// In iproute2's order (ip/iprule.c); not quite that of `ip rule add`.
const among = [
  ...takes<Draft>('preference* order* priority*', (rules, word) => {
    chosen(rules, { priority: wholeNumber(word, 'a priority') });
  }),
  ...unmodelled('not tos dsfield'),
  ...takes<Draft>('fwmark', (rules, word) => chosen(rules, { mark: splitMark(word) })),
  ...takes<Draft>('dev iif', (rules, word) => chosen(rules, { inputDevice: deviceIn(word) })),
  ...takes<Draft>('oif', (rules, word) => chosen(rules, { outputDevice: deviceIn(word) })),
  ...unmodelled('l3mdev uidrange tun_id*'),
  ...takes<Draft>('lookup* table*', (rules, word) => chosen(rules, { table: tableIn(word, rules.named) || null })),
  ...takes<Draft>('from* src*', (rules, word) => chosen(rules, { from: prefixIn(word) })),
  ...unmodelled('protocol* ipproto sport dport'),
];

/**
 * `ip rule show` and `flush`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readRuleSelector(
  action: 'show' | 'flush',
  words: Cursor,
  output: Output,
  named: TableNames,
): RuleCommand {
  const any: RuleSelector = {
    ...{ priority: null, from: null, to: null, mark: null, inputDevice: null, outputDevice: null, table: null },
  };
  const draft: Draft = { named, selector: any };
  readWords(words, draft, among, (rules, left, word) => {
    const to = matches(word.text, 'dst') || matches(word.text, 'to') ? left.take(left.take(word)) : left.take(word);
    chosen(rules, { to: prefixIn(to, meant(to, namesOf(among))) });
  });
  return { object: 'rule', action, selector: draft.selector, output };
}
