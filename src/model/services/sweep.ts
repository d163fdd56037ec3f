import type { Scatter } from '../../backend/lab.ts';
import { parseIPv4 } from '../../net/address.ts';
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

/** Seconds between datagrams: what a small program takes to start. */
const scatterInterval = 0.001;

/** Sends one datagram from each source port, each from an unbound and unconnected socket. */
export function scatter(host: Host, { destination, port, sourcePorts }: Scatter, done: () => void): void {
  const to = { address: parseIPv4(destination), port };
  for (const [index, sourcePort] of sourcePorts.entries()) {
    host.clock.after(index * scatterInterval, () => {
      const socket = openUdp(host, { port: sourcePort, receive: () => undefined });
      // What can't be sent is missed by whoever counts the datagrams.
      if (!socket) return;
      const text = `from port ${sourcePort}`;
      sendUdp(host, socket, { length: text.length + 1, content: text }, to);
      closeUdp(host, socket);
    });
  }
  host.clock.after(sourcePorts.length * scatterInterval, done);
}
