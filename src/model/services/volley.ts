import type { Responder, Shot } from '../../backend/volley.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Clock } from '../clock.ts';
import { deviceNamed, type Host } from '../host.ts';
import type { Payload } from '../packet.ts';
import { abort, connect, end, write, type ConnectOptions, type TcpConnection } from '../sockets/tcp.ts';
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
  const staying: Staying = new Map();
  return (shots, clock, done) => {
    const goingOn = new Set(shots.filter(({ goesOn }) => goesOn).map((shot) => `${shot.host} ${shot.sourcePort}`));
    for (const [key, connection] of staying) {
      if (goingOn.has(key)) continue;
      staying.delete(key);
      abort(host(key.replace(/ .*/, '')), connection);
    }
    const ends = shots.map((shot) => fire(host(shot.host), shot, staying));
    clock.after(duration, () => {
      for (const each of ends) each();
      clock.after(duration, done);
    });
  };
}

/** Returns what closes the socket that was opened. */
function fire(host: Host, shot: Shot, staying: Staying): () => void {
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
      const key = `${host.name} ${sourcePort}`;
      if (shot.goesOn) return goOn(host, staying, key, payload);
      return fireByTcp(host, staying, key, payload, {
        ...{ address: to, port, sourcePort, source: from, device, mark },
        stays: shot.stays ?? false,
      });
    }
  }
}

/** Connections that stay open for the next volley, by host and port. */
type Staying = Map<string, TcpConnection>;

function fireByTcp(
  host: Host,
  staying: Staying,
  key: string,
  payload: Payload,
  { stays, ...options }: Omit<ConnectOptions, 'events'> & { readonly stays: boolean },
): () => void {
  let missing = payload.length;
  const connection = connect(host, {
    ...options,
    events: {
      connected: () => {
        if (typeof connection === 'string') return;
        write(host, connection, payload);
        if (!stays) end(host, connection);
      },
      received: ({ length }) => {
        missing -= length;
      },
    },
  });
  return () => {
    if (typeof connection === 'string') return;
    if (stays && missing <= 0 && connection.state === 'established') staying.set(key, connection);
    else close(host, connection);
  };
}

function goOn(host: Host, staying: Staying, key: string, payload: Payload): () => void {
  const connection = staying.get(key);
  if (!connection) return () => undefined;
  staying.delete(key);
  write(host, connection, payload);
  end(host, connection);
  return () => {
    close(host, connection);
  };
}

/** What both have ended is over. */
function close(host: Host, connection: TcpConnection): void {
  if (!(connection.endReceived && connection.endWritten)) abort(host, connection);
}
