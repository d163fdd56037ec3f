import { echoText, type Answer, type Request, type UdpEchoServer } from '../../backend/service.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import { closeUdp, connectUdp, openUdp, sendUdp } from '../sockets/udp.ts';
import { requireUdp } from './requirements.ts';
import type { Running } from './running.ts';

/** Seconds between datagrams, and how long the client listens on after the last. */
const [interval, patience] = [0.02, 1];

/** Sends each datagram back from the one socket, which is not connected. */
export function serveUdpEcho(host: Host, { name, port, binding }: UdpEchoServer): Running {
  const socket = requireUdp(host, name, {
    address: binding.kind === 'address' ? parseIPv4(binding.address) : 0,
    port,
    receive: ({ packet }) => {
      sendUdp(host, socket, packet.payload, { address: packet.source, port: packet.sourcePort });
    },
  });
  return {
    said: () => ['listening'],
    stop: () => {
      closeUdp(host, socket);
    },
  };
}

/** Sends numbered datagrams from a connected socket, which takes none from elsewhere; ends when all have come back. */
export function requestEchoes(
  host: Host,
  { server, port, sourcePort, count }: Extract<Request, { kind: 'udp-echo' }>,
  done: (answer: Answer) => void,
): void {
  const lines: string[] = [];
  const expected = Array.from({ length: count }, (_, index) => echoText(index + 1, count, sourcePort));
  const timers = new Set<() => void>();
  const finish = (complaint: readonly string[]): void => {
    for (const cancel of timers) cancel();
    if (socket) closeUdp(host, socket);
    const came = expected.filter((line) => lines.includes(line)).length;
    done({ accepted: came === count, said: [`${came} of ${count} came back`, ...lines, ...complaint], bytes: null });
  };
  const socket = openUdp(host, {
    port: sourcePort,
    receive: ({ packet }) => {
      lines.push(String(packet.payload.content));
      if (expected.every((line) => lines.includes(line))) finish([]);
    },
    refused: () => {
      finish(['read: Connection refused']);
    },
  });
  const error = socket ? connectUdp(host, socket, parseIPv4(server), port) : 'EADDRINUSE';
  if (!socket || error !== null) {
    finish([`connect: ${String(error)}`]);
    return;
  }
  for (const [index, line] of expected.entries()) {
    timers.add(
      host.clock.after(index * interval, () => {
        sendUdp(host, socket, { length: line.length + 1, content: line }, null);
      }),
    );
  }
  timers.add(
    host.clock.after(count * interval + patience, () => {
      finish([]);
    }),
  );
}
