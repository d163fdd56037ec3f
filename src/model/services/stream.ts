import type { Answer, Request, StreamServer } from '../../backend/service.ts';
import { parseIPv4 } from '../../net/address.ts';
import type { Host } from '../host.ts';
import { end, write, type TcpConnection } from '../sockets/tcp.ts';
import type { Running } from './running.ts';
import { converse, serveTcp } from './tcp-service.ts';

/** Bytes sent at a time, and seconds between. */
const [chunk, interval] = [1000, 0.1];
/** Sends a thousand bytes each tenth of a second, or all at once. */
export function serveStream(host: Host, { name, port, address, chunks, pace }: StreamServer): Running {
  const bound = { address: parseIPv4(address), port };
  return serveTcp(host, name, bound, [`listening on ${address}:${port}`], (connection) => ({
    connected: () => {
      if (pace === 'steady') sendOn(host, connection, chunks);
      else {
        write(host, connection, { length: chunks * chunk });
        end(host, connection);
      }
    },
  }));
}

function sendOn(host: Host, connection: TcpConnection, left: number): void {
  if (connection.state === 'closed') return;
  if (left === 0) {
    end(host, connection);
    return;
  }
  write(host, connection, { length: chunk });
  host.clock.after(interval, () => {
    sendOn(host, connection, left - 1);
  });
}

/** Reads the stream to its end, or until nothing comes any more. */
export function readStream(
  host: Host,
  { server, port, sourcePort, chunks, patience = 2 }: Extract<Request, { kind: 'stream' }>,
  done: (answer: Answer) => void,
): void {
  const whole = chunks * chunk;
  let received = 0;
  converse(host, {
    address: parseIPv4(server),
    port,
    sourcePort,
    connectPatience: patience,
    silence: patience,
    received: (bytes) => {
      received += bytes;
      return false;
    },
    finished: (why) => {
      const said = [`${received} of ${whole} bytes came`, why ?? ''].filter(Boolean);
      done({ accepted: received === whole, said, bytes: { received, sent: 0 } });
    },
  });
}
