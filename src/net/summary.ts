/* A packet in a few words, for people and for checks: the same words wherever the packet was seen. */

export function summarizeUdp(bytes: number): string {
  return `UDP ${countBytes(bytes)}`;
}

/** @param flags of the TCP header: FIN 1, SYN 2, RST 4, ACK 16 */
export function summarizeTcp(flags: number, bytes: number): string {
  const names = [
    flags & 0x02 ? 'SYN' : '',
    flags & 0x01 ? 'FIN' : '',
    flags & 0x04 ? 'RST' : '',
    flags & 0x10 && bytes === 0 ? 'ACK' : '',
  ];
  const words = [names.filter((name) => name !== '').join('-'), bytes > 0 ? countBytes(bytes) : ''];
  return ['TCP', ...words.filter((word) => word !== '')].join(' ');
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
