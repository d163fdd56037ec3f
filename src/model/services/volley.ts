import type { Responder, Shot } from '../../backend/volley.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Clock } from '../clock.ts';
import { deviceNamed, type Host } from '../host.ts';
import { abort, connect, end, write } from '../sockets/tcp.ts';
import { closeUdp, connectUdp, openUdp, sendUdp } from '../sockets/udp.ts';
import { questionFor, serveDns } from './dns.ts';
import { openEchoSocket } from './echo-request.ts';
import { serveTcpEcho } from './tcp-echo.ts';
import { serveUdpEcho } from './udp-echo.ts';

/** Seconds for all that comes of a volley to have come: more than any path takes, and less than any timer. */
const duration = 0.05;

/** Starts the responders; what it returns fires, and calls `done` when all that was opened for it is closed. */
export function muster(
  host: (name: string) => Host,
  responders: readonly Responder[],
): (shots: readonly Shot[], clock: Clock, done: () => void) => void {
  for (const responder of responders) {
    const { protocol, port } = responder;
    const name = `${protocol} ${port}`;
    if (responder.protocol === 'dns') {
      const records = { [responder.name]: '192.0.2.1' };
      serveDns(host(responder.host), { kind: 'dns', name, port, binding: 'pktinfo', addresses: [], records });
    } else if (responder.protocol === 'tcp') serveTcpEcho(host(responder.host), { kind: 'tcp-echo', name, port });
    else {
      const { address } = responder;
      const binding = address === undefined ? ({ kind: 'wildcard' } as const) : ({ kind: 'address', address } as const);
      serveUdpEcho(host(responder.host), { kind: 'udp-echo', name, port, binding });
    }
  }
  return (shots, clock, done) => {
    const close = shots.map((shot) => fire(host(shot.host), shot));
    clock.after(duration, () => {
      for (const each of close) each();
      clock.after(duration, done);
    });
  };
}

/** Returns what closes the socket that was opened. */
function fire(host: Host, shot: Shot): () => void {
  const { protocol, destination, port, sourcePort, source, connected = false, mark = 0, ttl, asks } = shot;
  const text = `from port ${sourcePort}`;
  const payload = asks === undefined ? { length: text.length, content: text } : questionFor(asks, sourcePort);
  const device = shot.device === undefined ? null : deviceNamed(host, shot.device);
  const [to, from] = [parseIPv4(destination), source === undefined ? 0 : parseIPv4(source)];
  const nothing = (): void => undefined;
  switch (protocol) {
    case 'icmp': {
      const socket = openEchoSocket(host, sourcePort, device, nothing, from, mark);
      socket.send(to, 1);
      return socket.close.bind(socket);
    }
    case 'udp': {
      const socket = openUdp(host, { address: from, port: sourcePort, device, mark, ttl, receive: nothing });
      if (!socket) return nothing;
      if (!connected) sendUdp(host, socket, payload, { address: to, port });
      else if (connectUdp(host, socket, to, port) === null) sendUdp(host, socket, payload, null);
      return () => {
        closeUdp(host, socket);
      };
    }
    case 'tcp': {
      let over = false;
      const connection = connect(host, {
        ...{ address: to, port, sourcePort, source: from },
        events: {
          connected: () => {
            if (typeof connection === 'string') return;
            write(host, connection, payload);
            end(host, connection);
          },
          ended: () => {
            over = true;
          },
          failed: () => {
            over = true;
          },
        },
      });
      return () => {
        if (typeof connection !== 'string' && !over) abort(host, connection);
      };
    }
  }
}
