import type { Keepalive } from '../../../backend/service.ts';
import { formatIPv4 } from '../../../net/address.ts';
import { maskOf } from '../../device.ts';

/** What a server tells a client that has connected. */
export interface Pushed {
  /** The server's own address in the tunnel. */
  readonly gateway: number;
  readonly address: number;
  /** Of the tunnel's network. */
  readonly length: number;
  readonly keepalive: Keepalive | null;
  readonly peer: number;
}

/** The line as it is sent. */
export function pushText({ gateway, address, length, keepalive, peer }: Pushed): string {
  const timers = keepalive ? [`ping ${keepalive.interval}`, `ping-restart ${keepalive.timeout}`] : [];
  return [
    'PUSH_REPLY',
    `route-gateway ${formatIPv4(gateway)}`,
    'topology subnet',
    ...timers,
    `ifconfig ${formatIPv4(address)} ${formatIPv4(maskOf(length))}`,
    `peer-id ${peer}`,
    'cipher AES-256-GCM',
    'protocol-flags cc-exit tls-ekm dyn-tls-crypt',
    'tun-mtu 1500',
  ].join(',');
}
