/* A packet in a few words, for people and for checks: the same words wherever the packet was seen. */

export function summarizeUdp(bytes: number): string {
  return `UDP ${countBytes(bytes)}`;
}

/** By the lowest five flags of a TCP header, with a space before: ` SYN-ACK`. */
const flagNames = Array.from({ length: 32 }, (_, flags) => {
  const named = [
    [0x02, 'SYN'],
    [0x01, 'FIN'],
    [0x04, 'RST'],
    [0x10, 'ACK'],
  ] as const;
  const names = named.filter(([flag]) => flags & flag).map(([, name]) => name);
  return names.length === 0 ? '' : ` ${names.join('-')}`;
});

/** @param flags of the TCP header: FIN 1, SYN 2, RST 4, ACK 16, which goes without saying where there are data */
export function summarizeTcp(flags: number, bytes: number): string {
  if (bytes === 0) return `TCP${flagNames[flags & 0x1f]}`;
  return `TCP${flagNames[flags & 0x0f]} ${countBytes(bytes)}`;
}

/** By type, or by type and code (iana.org/assignments/icmp-parameters). */
const icmpNames: Readonly<Record<string, string>> = {
  '0': 'echo reply',
  '3': 'destination unreachable',
  '3/0': 'network unreachable',
  '3/1': 'host unreachable',
  '3/2': 'protocol unreachable',
  '3/3': 'port unreachable',
  '3/4': 'fragmentation needed',
  '3/9': 'network prohibited',
  '3/10': 'host prohibited',
  '3/13': 'administratively prohibited',
  '4': 'source quench',
  '5': 'redirect',
  '8': 'echo request',
  '11': 'time exceeded',
  '11/1': 'reassembly time exceeded',
  '12': 'parameter problem',
  '13': 'timestamp request',
  '14': 'timestamp reply',
};

export function summarizeIcmp(type: number, code: number): string {
  return `ICMP ${icmpNames[`${type}/${code}`] ?? icmpNames[String(type)] ?? `type ${type} code ${code}`}`;
}

export function countBytes(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}
