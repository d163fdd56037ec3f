import type { Answer, Request, SshServer } from '../../backend/service.ts';
import { formatIPv4, parseIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import { end, write } from '../sockets/tcp.ts';
import { serveTcp, converse } from './tcp-service.ts';
import type { Running } from './running.ts';

/** What a server says first (RFC 4253, 4.2). */
const banner = 'SSH-2.0-OpenSSH_9.2p1\r\n';
const wanted = 'SSH-2.0-';

/** Sends its banner to whoever connects, and closes when the client does. */
export function serveSsh(host: Host, { name, port }: SshServer): Running {
  const said = [`Server listening on 0.0.0.0 port ${port}.`];
  return serveTcp(host, name, { port }, said, (connection) => ({
    connected: () => {
      write(host, connection, { length: banner.length, content: banner });
    },
    ended: () => {
      said.push(`Connection closed by ${formatIPv4(connection.remoteAddress)} port ${connection.remotePort}`);
      end(host, connection);
    },
  }));
}

/** Connects and reads the start of the server's banner. */
export function readBanner(
  host: Host,
  { server, port, sourcePort, patience }: Extract<Request, { kind: 'ssh' }>,
  done: (answer: Answer) => void,
): void {
  let text = '';
  converse(host, {
    address: parseIPv4(server),
    port,
    sourcePort,
    connectPatience: patience ?? 2,
    silence: patience ?? 4,
    received: (_, content) => {
      text += String(content);
      return text.length >= wanted.length;
    },
    finished: (why) => {
      const start = text.slice(0, wanted.length);
      done({ accepted: start === wanted, said: [start, why ?? ''].filter(Boolean), bytes: null });
    },
  });
}
