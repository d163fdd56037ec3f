import { asRoot } from '../../../kernel/testing.ts';
import { compare, tried } from '../../../kernel/trying-ip.ts';
import type { Output } from '../ip.ts';
import { printRules, type RuleListing } from './print-rule.ts';
import { damaged, rule, sample } from './sample-lines.ts';

const output: Output = { json: true, pretty: false, oneline: false, brief: false, details: false, inet: true };

asRoot('a rule that ip makes is the one that was read, and what ip refuses is refused', async (t) => {
  const priorities = [0, 100, 32766, 32767];
  compare(t, await tried(t, sample(damaged(rule), 600), 'rule show'), (command, added, _removed, line) => {
    if (command.object !== 'rule' || command.action !== 'add') return t.fail(line);
    const { rule: read } = command;
    const missing = (name: string | null): boolean => name !== null && !['lo', 'up0', 'up1'].includes(name);
    const listing: RuleListing = {
      ...read,
      // One less than the second's.
      priority: read.priority ?? 99,
      action: read.action!,
      inputDetached: missing(read.inputDevice),
      outputDetached: missing(read.outputDevice),
      unresolved: read.action?.kind === 'goto' && !priorities.includes(read.action.priority),
      ofKernel: false,
    };
    t.deepEqual(added, JSON.parse(printRules([listing], output)), line);
  });
});
