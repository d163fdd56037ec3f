import type { RuleAction, RuleSpecification } from '../candidate/commands/ip.ts';
import type { Location } from '../candidate/commands/location.ts';
import { contains } from '../net/address.ts';
import { lookUpMerged, lookUpTable, shortPrefix, tableName, tables, type FibResult } from './fib/fib.ts';
import type { FlowKey, RouteError } from './flow.ts';
import type { Host } from './host.ts';
import type { Trail } from './trail.ts';

/** A policy rule, as `ip rule` knows it. */
export interface PolicyRule extends Omit<RuleSpecification, 'priority' | 'action'> {
  readonly priority: number;
  readonly action: RuleAction;
  readonly at: Location | null;
}

/** A host's policy rules. */
export interface Rules {
  /** By priority; those of the same priority in the order in which they were added. */
  list: readonly PolicyRule[];
  /** Whether a rule was ever added or removed; as long as none was, the tables are looked up directly. */
  touched: boolean;
  /** Whether any of them asks for ports or protocol: only then does a packet that comes in have them looked at. */
  heedPorts: boolean;
}

const anything = {
  not: false,
  from: null,
  to: null,
  mark: null,
  inputDevice: null,
  outputDevice: null,
  tos: null,
  protocol: null,
  sourcePorts: null,
  destinationPorts: null,
  uids: null,
  suppressPrefixLength: null,
} as const;

/** The three rules that every host has. */
export function createRules(): Rules {
  const standard = (priority: number, table: number): PolicyRule =>
    policyRule({ ...anything, priority, action: { kind: 'table', table } }, priority, null);
  return {
    list: [standard(0, tables.local), standard(32766, tables.main), standard(32767, tables.default)],
    touched: false,
    heedPorts: false,
  };
}

/** Adds a rule, after those of the same priority (net/core/fib_rules.c, fib_nl_newrule). */
export function addRule(
  host: Host,
  rule: RuleSpecification & { readonly action: RuleAction },
  at: Location | null,
): 'EEXIST' | 'EINVAL' | null {
  const { rules } = host;
  const priority = rule.priority ?? defaultPriority(rules);
  // It leads forward only.
  if (rule.action.kind === 'goto' && rule.action.priority <= priority) return 'EINVAL';
  const added = policyRule(rule, priority, at);
  if (rules.list.some((each) => sameRule(each, added))) return 'EEXIST';
  const place = rules.list.findIndex((each) => each.priority > priority);
  replaceRules(host, rules.list.toSpliced(place < 0 ? rules.list.length : place, 0, added));
  return null;
}

/** Field by field, for the engine to have one shape for all rules: it had one for each, and took ten times as long with them. */
function policyRule(
  rule: RuleSpecification & { readonly action: RuleAction },
  priority: number,
  at: Location | null,
): PolicyRule {
  return {
    priority,
    action: rule.action,
    not: rule.not,
    from: rule.from,
    to: rule.to,
    mark: rule.mark,
    inputDevice: rule.inputDevice,
    outputDevice: rule.outputDevice,
    tos: rule.tos,
    protocol: rule.protocol,
    sourcePorts: rule.sourcePorts,
    destinationPorts: rule.destinationPorts,
    uids: rule.uids,
    suppressPrefixLength: rule.suppressPrefixLength,
    at,
  };
}

/** Removes the first rule that fits what is said of it. */
export function deleteRule(host: Host, rule: RuleSpecification): 'ENOENT' | null {
  const { rules } = host;
  const place = rules.list.findIndex((each) => fits(each, rule));
  if (place < 0) return 'ENOENT';
  replaceRules(host, rules.list.toSpliced(place, 1));
  return null;
}

/** Removes those that are chosen, as `ip rule flush` does; never one of priority 0. */
export function flushRules(host: Host, isChosen: (rule: PolicyRule) => boolean): void {
  replaceRules(
    host,
    host.rules.list.filter((rule) => rule.priority === 0 || !isChosen(rule)),
  );
}

function replaceRules(host: Host, list: readonly PolicyRule[]): void {
  const { rules } = host;
  rules.list = list;
  rules.touched = true;
  rules.heedPorts = list.some(
    ({ protocol, sourcePorts, destinationPorts }) =>
      protocol !== null || sourcePorts !== null || destinationPorts !== null,
  );
  host.routeGeneration += 1;
}

/** One less than that of the second rule. */
function defaultPriority({ list }: Rules): number {
  const second = list[1]?.priority ?? 0;
  return second > 0 ? second - 1 : 0;
}

const selectors = [
  'not',
  'from',
  'to',
  'mark',
  'inputDevice',
  'outputDevice',
  'tos',
  'protocol',
  'sourcePorts',
  'destinationPorts',
  'uids',
  'suppressPrefixLength',
] as const;

/** The kernel's idea of the same rule takes no account of `not`, or of where a `goto` leads (rule_exists). */
function sameRule(one: PolicyRule, other: PolicyRule): boolean {
  if (one.priority !== other.priority || one.action.kind !== other.action.kind) return false;
  if (one.action.kind !== 'goto' && !sameValue(one.action, other.action)) return false;
  return selectors.every((key) => key === 'not' || sameValue(one[key], other[key]));
}

/** Values of one selector, or actions of one kind: if they are objects, it is of words and numbers. */
function sameValue(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  const known = new Map<string, unknown>(Object.entries(one));
  return Object.entries(other).every(([key, value]) => known.get(key) === value);
}

function fits(rule: PolicyRule, wanted: RuleSpecification): boolean {
  if (wanted.priority !== null && wanted.priority !== rule.priority) return false;
  if (wanted.action && JSON.stringify(wanted.action) !== JSON.stringify(rule.action)) return false;
  return selectors.every((key) => {
    const value = wanted[key];
    return value === null || value === false || JSON.stringify(value) === JSON.stringify(rule[key]);
  });
}

/**
 * The route for a flow: tables in the order of the rules, until one has it (net/core/fib_rules.c, fib_rules_lookup;
 * net/ipv4/fib_rules.c).
 *
 * @param ignoreLinkState whether nexthops without carrier count, whatever the sysctl says
 */
export function lookUp(host: Host, flow: FlowKey, trail: Trail, ignoreLinkState = false): FibResult | RouteError {
  const { rules } = host;
  if (!rules.touched) {
    const merged = lookUpMerged(host, flow, trail, ignoreLinkState);
    host.lookedUp?.(tables.main, flow, merged);
    const found = merged ?? lookUpIn(host, tables.default, flow, trail, ignoreLinkState);
    if (found === null) trail?.('route', 'no route');
    return found ?? 'ENETUNREACH';
  }
  let from = 0;
  for (const rule of rules.list) {
    if (rule.priority < from || !matches(rule, flow)) continue;
    trail?.('rule', describeRule(rule), rule.at ?? undefined);
    const { action } = rule;
    switch (action.kind) {
      case 'nop':
        continue;
      case 'goto':
        // To nowhere, it is no rule at all.
        if (!isUnresolved(rule, rules)) from = action.priority;
        continue;
      case 'unreachable':
        return 'ENETUNREACH';
      case 'prohibit':
        return 'EACCES';
      case 'blackhole':
        return 'EINVAL';
      case 'table': {
        const found = lookUpIn(host, action.table, flow, trail, ignoreLinkState);
        if (found === null) continue;
        if (typeof found !== 'string' && isSuppressed(rule, found)) {
          trail?.('rule', `suppressed: prefix length ${found.route.length}`, rule.at ?? undefined);
          continue;
        }
        return found;
      }
    }
  }
  trail?.('route', 'no route');
  return 'ENETUNREACH';
}

/** Whether a `goto` leads to a priority that no rule has. */
export function isUnresolved({ action }: PolicyRule, { list }: Rules): boolean {
  return action.kind === 'goto' && !list.some(({ priority }) => priority === action.priority);
}

function lookUpIn(
  host: Host,
  number: number,
  flow: FlowKey,
  trail: Trail,
  ignoreLinkState: boolean,
): FibResult | RouteError | null {
  const table = host.fib.tables.get(number);
  if (!table) return null;
  const found = lookUpTable(host, table, flow, trail, ignoreLinkState);
  host.lookedUp?.(number, flow, found);
  return found;
}

function isSuppressed({ suppressPrefixLength }: PolicyRule, { route }: FibResult): boolean {
  return suppressPrefixLength !== null && route.length <= suppressPrefixLength;
}

function matches(rule: PolicyRule, flow: FlowKey): boolean {
  return matchesSelectors(rule, flow) !== rule.not;
}

function matchesSelectors(rule: PolicyRule, flow: FlowKey): boolean {
  if (rule.inputDevice !== null && rule.inputDevice !== flow.input.name) return false;
  if (rule.outputDevice !== null && rule.outputDevice !== flow.output?.name) return false;
  if (rule.mark && ((flow.mark ^ rule.mark.value) & rule.mark.mask) !== 0) return false;
  if (rule.from && !contains(rule.from, flow.source)) return false;
  if (rule.to && !contains(rule.to, flow.destination)) return false;
  if (rule.tos !== null && rule.tos !== 0 && rule.tos !== (flow.tos & 0x1c)) return false;
  if (rule.protocol !== null && rule.protocol !== flow.protocol) return false;
  if (rule.sourcePorts && !isWithin(rule.sourcePorts, flow.sourcePort)) return false;
  if (rule.destinationPorts && !isWithin(rule.destinationPorts, flow.destinationPort)) return false;
  if (rule.uids && !isWithin(rule.uids, flow.uid)) return false;
  return true;
}

function isWithin(range: { readonly from: number; readonly to: number }, value: number): boolean {
  return range.from <= value && value <= range.to;
}

/** As `ip rule` shows it. */
function describeRule(rule: PolicyRule): string {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const range = (name: string, ports: { from: number; to: number } | null): string =>
    ports ? ` ${name} ${ports.from === ports.to ? ports.from : `${ports.from}-${ports.to}`}` : '';
  const mark = rule.mark && `${hex(rule.mark.value)}${rule.mark.mask === 0xffffffff ? '' : `/${hex(rule.mark.mask)}`}`;
  const selector = [
    `${rule.not ? 'not ' : ''}from ${rule.from ? shortPrefix(rule.from) : 'all'}`,
    rule.to ? ` to ${shortPrefix(rule.to)}` : '',
    mark === null ? '' : ` fwmark ${mark}`,
    rule.inputDevice === null ? '' : ` iif ${rule.inputDevice}`,
    rule.outputDevice === null ? '' : ` oif ${rule.outputDevice}`,
    rule.tos === null ? '' : ` tos ${hex(rule.tos)}`,
    rule.protocol === null ? '' : ` ipproto ${rule.protocol}`,
    range('sport', rule.sourcePorts),
    range('dport', rule.destinationPorts),
    range('uidrange', rule.uids),
  ].join('');
  const suppress = rule.suppressPrefixLength === null ? '' : ` suppress_prefixlength ${rule.suppressPrefixLength}`;
  return `rule ${rule.priority}: ${selector} ${describeAction(rule.action)}${suppress}`;
}

function describeAction(action: RuleAction): string {
  switch (action.kind) {
    case 'table':
      return `lookup ${tableName(action.table)}`;
    case 'goto':
      return `goto ${action.priority}`;
    default:
      return action.kind;
  }
}
