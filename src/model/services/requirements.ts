import { LabError } from '../../net/error.ts';
import type { Host } from '../host.ts';
import { listen, type TcpListener } from '../sockets/tcp.ts';
import { openUdp, type UdpOptions, type UdpSocket } from '../sockets/udp.ts';

/**
 * Opens a socket for a service.
 *
 * @throws LabError `lab-failed` if its address is not the host's, or taken
 */
export function requireUdp(host: Host, name: string, options: UdpOptions): UdpSocket {
  return openUdp(host, options) ?? refuse(host, name);
}

/** @throws LabError `lab-failed` if its address is not the host's, or taken */
export function requireListener(
  host: Host,
  name: string,
  options: Pick<TcpListener, 'address' | 'port' | 'accept'>,
): TcpListener {
  return listen(host, options) ?? refuse(host, name);
}

function refuse(host: Host, name: string): never {
  throw new LabError('lab-failed', `${name} on ${host.name}: its address is not the host's, or its port is taken`);
}
