import type { Answer, Request, TcpEchoServer } from '../../backend/service.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import { end, write } from '../sockets/tcp.ts';
import type { Running } from './running.ts';
import { converse, serveTcp } from './tcp-service.ts';

/** Seconds for the connection, and then for each silence. */
const patience = 2;

/** Sends back what it reads, until the client has said all. */
export function serveTcpEcho(host: Host, { name, port }: TcpEchoServer): Running {
  return serveTcp(host, name, { port }, [`listening on 0.0.0.0:${port}`], (connection) => ({
    received: (payload) => {
      write(host, connection, payload);
    },
    ended: () => {
      end(host, connection);
    },
  }));
}

/** Says a line and reads until the server has said all. */
export function requestTcpEcho(
  host: Host,
  { server, port, sourcePort }: Extract<Request, { kind: 'tcp-echo' }>,
  done: (answer: Answer) => void,
): void {
  const line = `echo from port ${sourcePort}\n`;
  let heard = '';
  converse(host, {
    address: parseIPv4(server),
    port,
    sourcePort,
    connectPatience: patience,
    silence: patience,
    connected: (connection) => {
      write(host, connection, { length: line.length, content: line });
      end(host, connection);
    },
    received: (_, content) => {
      heard += String(content);
      return false;
    },
    finished: (why) => {
      done({ accepted: heard === line, said: [heard.trimEnd(), why ?? ''].filter(Boolean), bytes: null });
    },
  });
}
