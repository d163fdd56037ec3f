import type { Expression, Operand, Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { protocols } from '../symbols.ts';
import type { Scope } from './scope.ts';
import type { Token } from './token.ts';

/** Sees to it that a header is there: what the rule hasn't asked yet is asked before its field is. */
export function presume(scope: Scope, header: Token): void {
  if (header.text === 'th') return;
  if (header.text === 'ip' || header.text === 'icmp') presumeIPv4(scope);
  if (header.text !== 'ip') presumeTransport(scope, protocols[header.text] ?? 0, header);
}

export function presumeIPv4({ known, statements }: Scope): void {
  if (!known.ipv4) statements.push(is('nfproto', 2));
  known.ipv4 = true;
}

export function presumeTransport({ known, statements }: Scope, protocol: number, token: Token): void {
  if (known.transport !== null && known.transport !== protocol) {
    refuse(token.at, `'${token.text}' contradicts the rule: its packets have protocol ${known.transport}`);
  }
  if (known.transport !== protocol) statements.push(is('l4proto', protocol));
  known.transport = protocol;
}

function is(key: 'nfproto' | 'l4proto', value: number): Statement {
  return { kind: 'match', left: { kind: 'meta', key }, operator: '==', right: { kind: 'value', value } };
}

/** Protocols that nft knows the headers of: icmp, igmp, tcp, udp, dccp, esp, ah, ipv6-icmp, comp, sctp, udplite. */
const knownProtocols = [1, 2, 6, 17, 33, 50, 51, 58, 108, 132, 136];

/** Learns from a match what is known of the packets that pass it. */
export function learn({ known }: Scope, left: Expression, right: Operand): void {
  const key = right.kind === 'set' ? right.elements.at(-1)?.key : right;
  if (key?.kind !== 'value' || typeof key.value !== 'number') return;
  const { value } = key;
  if (left.kind === 'meta' && left.key === 'nfproto' && value === 2) known.ipv4 = true;
  if (left.kind === 'meta' && left.key === 'l4proto') known.transport = value;
  if (left.kind === 'payload' && left.field === 'ip protocol' && knownProtocols.includes(value))
    known.transport = value;
}
