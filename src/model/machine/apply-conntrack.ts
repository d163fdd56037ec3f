import type { ConntrackCommand, ConntrackFilter } from '../../candidate/commands/conntrack.ts';
import { contains, formatIPv4, type Prefix } from '../../net/address.ts';
import { forgetConnection } from '../conntrack/conntrack.ts';
import { status, type Connection, type Tuple } from '../conntrack/connection.ts';
import type { Host } from '../host.ts';
import { protocols } from '../packet.ts';
import { done, printed, type Outcome } from './outcome.ts';

/** `conntrack`. */
export function applyConntrack(host: Host, command: ConntrackCommand): Outcome {
  const all = host.conntrack.table.all(host.clock.now);
  switch (command.action) {
    case 'flush':
      for (const connection of all) forgetConnection(host, connection);
      return done;
    case 'count':
      return printed(`${all.length}\n`);
    case 'list':
      return printed(
        all
          .filter((each) => isMeant(each, command.filter))
          .map((each) => lineOf(host, each))
          .join(''),
      );
    case 'delete': {
      const gone = all.filter((each) => isMeant(each, command.filter));
      for (const connection of gone) forgetConnection(host, connection);
      const stdout = gone.map((each) => lineOf(host, each)).join('');
      const stderr = `conntrack v1.4.7 (conntrack-tools): ${gone.length} flow entries have been deleted.\n`;
      return { status: gone.length > 0 ? 0 : 1, stdout, stderr };
    }
  }
}

function isMeant({ original, reply, mark, status: bits }: Connection, filter: ConntrackFilter): boolean {
  const fits = (wanted: number | null, value: number): boolean => wanted === null || wanted === value;
  const within = (wanted: Prefix | null, address: number): boolean => wanted === null || contains(wanted, address);
  const translated = (wanted: { readonly to: number | null } | null, bit: number, to: number): boolean =>
    wanted === null || ((bits & bit) !== 0 && fits(wanted.to, to));
  return (
    fits(filter.protocol, original.protocol) &&
    within(filter.originalSource, original.source) &&
    within(filter.originalDestination, original.destination) &&
    within(filter.replySource, reply.source) &&
    within(filter.replyDestination, reply.destination) &&
    fits(filter.sourcePort, original.sourcePort) &&
    fits(filter.destinationPort, original.destinationPort) &&
    fits(filter.replySourcePort, reply.sourcePort) &&
    fits(filter.replyDestinationPort, reply.destinationPort) &&
    (filter.mark === null || ((mark ^ filter.mark.value) & filter.mark.mask) === 0) &&
    translated(filter.sourceNat, status.sourceNat, reply.destination) &&
    translated(filter.destinationNat, status.destinationNat, reply.source)
  );
}

/** As `conntrack -L` shows a connection. */
function lineOf(host: Host, { original, reply, mark, status: bits, expires, tcp }: Connection): string {
  const names = new Map<number, string>([
    [protocols.icmp, 'icmp'],
    [protocols.tcp, 'tcp'],
    [protocols.udp, 'udp'],
  ]);
  const side = ({ source, destination, sourcePort, destinationPort, protocol }: Tuple): string => {
    const ports =
      protocol === protocols.icmp
        ? `type=${destinationPort >>> 8} code=${destinationPort & 0xff} id=${sourcePort}`
        : `sport=${sourcePort} dport=${destinationPort}`;
    return `src=${formatIPv4(source)} dst=${formatIPv4(destination)} ${ports}`;
  };
  const words = [
    `${(names.get(original.protocol) ?? 'unknown').padEnd(8)} ${original.protocol}`,
    String(Math.max(0, Math.floor(expires - host.clock.now))),
    ...(original.protocol === protocols.tcp ? [tcp.toUpperCase().replaceAll('-', '_')] : []),
    side(original),
    ...(bits & status.seenReply ? [] : ['[UNREPLIED]']),
    side(reply),
    ...(bits & status.assured ? ['[ASSURED]'] : []),
    `mark=${mark}`,
    'use=1',
  ];
  return `${words.join(' ')}\n`;
}
