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
  if (typeof known.transport === 'number' && known.transport !== protocol) {
    refuse(token.at, `'${token.text}' contradicts the rule: its packets have protocol ${known.transport}`);
  }
  if (known.transport !== protocol) statements.push(is('l4proto', protocol));
  known.transport = protocol;
}

function is(key: 'nfproto' | 'l4proto', value: number): Statement {
  return { kind: 'match', left: { kind: 'meta', key }, operator: '==', right: { kind: 'value', value } };
}

/** Learns from a match what is known of the packets that pass it. */
export function learn({ known }: Scope, left: Expression, right: Operand): void {
  const single = right.kind === 'value' && typeof right.value === 'number' ? right.value : null;
  const asksProtocol =
    (left.kind === 'meta' && left.key === 'l4proto') || (left.kind === 'payload' && left.field === 'ip protocol');
  if (asksProtocol) known.transport = single ?? 'some';
  if (left.kind === 'meta' && left.key === 'nfproto' && single === 2) known.ipv4 = true;
}
