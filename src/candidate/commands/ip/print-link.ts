import type { Output } from '../ip.ts';
import { field, printed, when, type Field } from './print.ts';

/** A link as the kernel has it. */
export interface LinkListing {
  readonly index: number;
  readonly name: string;
  /** The other end of a veth pair, if it is in the same host. */
  readonly peer: string | null;
  /** In the order of `ip`: `NO-CARRIER`, `LOOPBACK`, `BROADCAST`, `MULTICAST`, `UP`, `LOWER_UP`, `M-DOWN` (the peer is down). */
  readonly flags: readonly string[];
  readonly mtu: number;
  /** Queueing discipline: `noqueue`, or `noop` while it was never up. */
  readonly queueing: string;
  /** The bridge that it belongs to. */
  readonly master: string | null;
  readonly state: 'UNKNOWN' | 'DOWN' | 'LOWERLAYERDOWN' | 'UP';
  readonly queueLength: number;
  readonly type: 'loopback' | 'ether';
  readonly hardware: string;
  readonly broadcast: string;
}

/** What `ip link show` prints of these links. */
export function printLinks(links: readonly LinkListing[], output: Output): string {
  return printed(
    links.map((link) => (output.brief ? briefly(link) : linkFields(link, output, true))),
    output,
  );
}

function briefly(link: LinkListing): readonly Field[] {
  return [...briefLink(link), field('address', '% ', link.hardware), flagsOf(link)];
}

/** The columns with which a brief line begins. */
export function briefLink(link: LinkListing): readonly Field[] {
  return [
    { key: 'link', value: link.peer },
    { key: 'ifname', value: link.name, text: `${fullName(link).padEnd(16)} ` },
    { key: 'operstate', value: link.state, text: `${link.state.padEnd(14)} ` },
  ].filter(({ value }) => value !== null);
}

/**
 * The fields of a link.
 *
 * @param alone whether it is `ip link` that shows it; `ip -4 address` says less
 */
export function linkFields(link: LinkListing, output: Output, alone: boolean): readonly Field[] {
  const { index, peer, name, mtu, queueing, master, state, queueLength, type, hardware, broadcast } = link;
  return [
    field('ifindex', '%: ', index),
    ...when(peer !== null, () => ({ key: 'link', value: peer })),
    { key: 'ifname', value: name, text: `${fullName(link)}: ` },
    flagsOf(link),
    field('mtu', 'mtu % ', mtu),
    field('qdisc', 'qdisc % ', queueing),
    ...when(master !== null, () => field('master', 'master % ', master ?? '')),
    field('operstate', 'state % ', state),
    ...when(alone, () => field('linkmode', 'mode % ', 'DEFAULT')),
    field('group', 'group % ', 'default'),
    field('txqlen', 'qlen %', queueLength),
    ...(alone || !output.inet
      ? [
          field('link_type', `${output.oneline ? '\\' : '\n'}    link/% `, type),
          field('address', '%', hardware),
          field('broadcast', ' brd %', broadcast),
        ]
      : []),
  ];
}

function flagsOf({ flags }: LinkListing): Field {
  return { key: 'flags', value: flags, text: `<${flags.join(',')}> ` };
}

function fullName({ name, peer }: LinkListing): string {
  return peer === null ? name : `${name}@${peer}`;
}
