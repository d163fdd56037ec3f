import type { Scatter } from '../../backend/lab.ts';
import { parseIPv4 } from '../../net/address.ts';
import { LabError } from '../../net/error.ts';
import type { Host } from '../host.ts';
import { closeUdp, openUdp, sendUdp } from '../sockets/udp.ts';
import { freeIdentifier, openEchoSocket } from './echo-request.ts';

/** Seconds between requests, and seconds after which one counts as not answered. */
const [interval, patience] = [0.0005, 3];

/** Pings each destination once, each request routed for itself and from no address; says which did not answer. */
export function sweep(
  host: Host,
  destinations: readonly string[],
  done: (unanswered: readonly string[]) => void,
): void {
  const answered = new Set<number>();
  // An identifier and a sequence number tell the requests apart, 65,536 to a socket.
  const sockets = Array.from({ length: Math.ceil(destinations.length / 0x10000) }, (_, block) =>
    openEchoSocket(host, freeIdentifier(host), null, ({ icmp }) => {
      if (icmp) answered.add(block * 0x10000 + icmp.sequence);
    }),
  );
  for (const [index, destination] of destinations.entries()) {
    host.clock.after(index * interval, () => {
      sockets[index >>> 16]?.send(parseIPv4(destination), index & 0xffff);
    });
  }
  host.clock.after(Math.max(destinations.length - 1, 0) * interval + patience, () => {
    for (const socket of sockets) socket.close();
    done(destinations.filter((_, index) => !answered.has(index)));
  });
}

/**
 * Sends one datagram from each source port, each from an unbound and unconnected socket.
 *
 * @throws LabError `lab-failed` if a port is taken
 */
export function scatter(host: Host, { destination, port, sourcePorts }: Scatter): void {
  for (const sourcePort of sourcePorts) {
    const socket = openUdp(host, { port: sourcePort, receive: () => undefined });
    if (!socket) throw new LabError('lab-failed', `sending datagrams: port ${sourcePort} of ${host.name} is taken`);
    const text = `from port ${sourcePort}`;
    sendUdp(host, socket, { length: text.length + 1, content: text }, { address: parseIPv4(destination), port });
    closeUdp(host, socket);
  }
}
