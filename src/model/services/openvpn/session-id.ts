import { sipHash24, type SipHashKey } from '../../../net/siphash.ts';
import type { Random } from '../../random.ts';
import type { SessionId } from './wire.ts';

export function newSessionId(random: Random): SessionId {
  return format(random.below(2 ** 32), random.below(2 ** 32));
}

/**
 * The session that a server offers a client of which it keeps nothing: it follows from who asks, and only the server can
 * work it out (the kernel does the same with SYN cookies). It holds for any time here; OpenVPN's for two handshake windows.
 */
export function cookieFor(secret: SipHashKey, address: number, port: number, client: SessionId): SessionId {
  const text = `${address} ${port} ${client}`;
  const { high, low } = sipHash24(
    secret,
    Uint8Array.from(text, (character) => character.charCodeAt(0)),
  );
  return format(high, low);
}

function format(high: number, low: number): SessionId {
  return [high, low].map((word) => word.toString(16).padStart(8, '0')).join(' ');
}
