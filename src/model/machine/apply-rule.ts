import type { RuleCommand, RuleSelector, RuleSpecification } from '../../candidate/commands/ip.ts';
import type { Location } from '../../candidate/commands/location.ts';
import { printRules } from '../../candidate/commands/ip/print-rule.ts';
import { contains, type Prefix } from '../../net/address.ts';
import { deviceNamed, type Host } from '../host.ts';
import { type PolicyRule, addRule, deleteRule, flushRules, isUnresolved } from '../rules.ts';
import { done, failed, printed, type Outcome } from './outcome.ts';

/** `ip rule`. */
export function applyRule(host: Host, command: RuleCommand, at: Location): Outcome {
  switch (command.action) {
    case 'add': {
      const { action } = command.rule;
      if (!action) return failed('RTNETLINK answers: Invalid argument');
      if (!isKnown(host, command.rule)) return failed('RTNETLINK answers: Invalid argument');
      const refused = addRule(host, { ...command.rule, action }, at);
      return refused ? failed(`RTNETLINK answers: ${refused === 'EEXIST' ? 'File exists' : 'Invalid argument'}`) : done;
    }
    case 'delete':
      return deleteRule(host, command.rule) ? failed('RTNETLINK answers: No such file or directory') : done;
    case 'flush':
      flushRules(host, (rule) => isSelected(rule, command.selector));
      return done;
    case 'show': {
      const { list } = host.rules;
      const shown = list.filter((rule) => isSelected(rule, command.selector));
      const detached = (name: string | null): boolean => name !== null && deviceNamed(host, name) === null;
      const listed = shown.map((rule) => ({
        ...rule,
        inputDetached: detached(rule.inputDevice),
        outputDetached: detached(rule.outputDevice),
        unresolved: isUnresolved(rule, host.rules),
        ofKernel: rule.at === null,
      }));
      return printed(printRules(listed, command.output));
    }
  }
}

/** Whether this kernel knows what the rule asks for. */
function isKnown(
  { era }: Host,
  { protocol, sourcePorts, destinationPorts, uids, suppressPrefixLength }: RuleSpecification,
): boolean {
  if (!era.rulePorts && (protocol !== null || sourcePorts !== null || destinationPorts !== null)) return false;
  if (!era.ruleUsers && uids !== null) return false;
  return era.ruleSuppress || suppressPrefixLength === null;
}

function isSelected(rule: PolicyRule, selector: RuleSelector): boolean {
  const within = (wanted: Prefix | null, prefix: Prefix | null): boolean =>
    wanted === null || (prefix !== null && prefix.length >= wanted.length && contains(wanted, prefix.address));
  const fits = <Value>(wanted: Value | null, value: Value | null): boolean => wanted === null || wanted === value;
  const { mark } = selector;
  return (
    fits(selector.priority, rule.priority) &&
    within(selector.from, rule.from) &&
    within(selector.to, rule.to) &&
    (mark === null || (rule.mark?.value === mark.value && fits(mark.mask, rule.mark.mask))) &&
    fits(selector.inputDevice, rule.inputDevice) &&
    fits(selector.outputDevice, rule.outputDevice) &&
    fits(selector.table, rule.action.kind === 'table' ? rule.action.table : null)
  );
}
