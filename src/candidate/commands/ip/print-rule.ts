import { formatIPv4, type Prefix } from '../../../net/address.ts';
import type { Output, PortRange, RuleSpecification } from '../ip.ts';
import { ipProtocols, nameOf, tables, type TableNames } from './names.ts';
import { field, printed, when, type Field } from './print.ts';
import { nameOfTos } from './print-route.ts';

/** A rule as the kernel keeps it. */
export interface RuleListing extends RuleSpecification {
  readonly priority: number;
  readonly action: NonNullable<RuleSpecification['action']>;
  /** Whether the interface that it names is missing. */
  readonly inputDetached: boolean;
  readonly outputDetached: boolean;
  /** Of a `goto`: whether there is no rule of that priority. */
  readonly unresolved: boolean;
  /** One of the three that the kernel makes itself. */
  readonly ofKernel: boolean;
}

/** What `ip rule show` prints of these rules. */
export function printRules(rules: readonly RuleListing[], output: Output, named: TableNames = new Map()): string {
  return printed(
    rules.map((rule) => [
      ...fieldsOf(rule, named),
      ...when(output.details, () => field('protocol', ' proto %', rule.ofKernel ? 'kernel' : 'unspec')),
    ]),
    output,
  );
}

function fieldsOf(rule: RuleListing, named: TableNames): readonly Field[] {
  const { priority, mark, tos, inputDevice, outputDevice, uids, protocol } = rule;
  return [
    field('priority', '%:\t', priority),
    ...when(rule.not, () => nothing('not', 'not ')),
    ...prefixOf('src', 'from ', rule.from ?? { address: 0, length: 0 }),
    ...(rule.to ? prefixOf('dst', ' to ', rule.to) : []),
    ...when(tos !== null, () => field('tos', ' tos %', nameOfTos(tos ?? 0))),
    ...(mark ? markOf(mark) : []),
    ...when(inputDevice !== null, () => field('iif', ' iif %', inputDevice ?? '')),
    ...when(rule.inputDetached, () => nothing('iif_detached', ' [detached]')),
    ...when(outputDevice !== null, () => field('oif', ' oif %', outputDevice ?? '')),
    ...when(rule.outputDetached, () => nothing('oif_detached', ' [detached]')),
    ...(uids ? [field('uid_start', ' uidrange %', uids.from), field('uid_end', '-%', uids.to)] : []),
    ...when(protocol !== null, () => {
      return field('ipproto', ' ipproto %', nameOf(protocol ?? 0, ipProtocols) ?? `ipproto-${protocol}`);
    }),
    ...portsOf('sport', rule.sourcePorts),
    ...portsOf('dport', rule.destinationPorts),
    ...actionOf(rule, named),
  ];
}

function actionOf({ action, suppressPrefixLength, unresolved }: RuleListing, named: TableNames): readonly Field[] {
  switch (action.kind) {
    case 'table':
      return [
        field(
          'table',
          ' lookup %',
          nameOf(action.table, tables) ?? nameOf(action.table, named) ?? String(action.table),
        ),
        ...when(suppressPrefixLength !== null, () => {
          return field('suppress_prefixlen', ' suppress_prefixlength %', suppressPrefixLength ?? 0);
        }),
      ];
    case 'goto':
      return [
        field('goto', ' goto %', action.priority),
        ...when(unresolved, () => nothing('unresolved', ' [unresolved]')),
      ];
    case 'nop':
      return [nothing('nop', ' nop')];
    case 'unreachable':
    case 'blackhole':
    case 'prohibit':
      return [field('action', ' %', action.kind)];
  }
}

function prefixOf(key: string, text: string, { address, length }: Prefix): readonly Field[] {
  if (length === 0) return [field(key, `${text}%`, 'all')];
  return [field(key, `${text}%`, formatIPv4(address)), ...when(length < 32, () => field(`${key}len`, '/%', length))];
}

function markOf({ value, mask }: NonNullable<RuleSpecification['mark']>): readonly Field[] {
  return [
    field('fwmark', ' fwmark %', hexadecimal(value)),
    ...when(mask !== 0xffffffff, () => field('fwmask', '/%', hexadecimal(mask))),
  ];
}

function portsOf(key: string, ports: PortRange | null): readonly Field[] {
  if (!ports) return [];
  if (ports.from === ports.to) return [field(key, ` ${key} %`, ports.from)];
  return [field(`${key}_start`, ` ${key} %`, ports.from), field(`${key}_end`, '-%', ports.to)];
}

/** As C's `%#x` has it: 0 has no prefix. */
function hexadecimal(number: number): string {
  return number === 0 ? '0' : `0x${number.toString(16)}`;
}

function nothing(key: string, text: string): Field {
  return { key, value: null, text };
}
