/**
 * Run inside a host: answers and sends as it is told on standard input, in JSON, a command a line; says a line for each that is
 * done. `{"serve": […]}`: `serving` when all of them listen. `{"fire": […]}`: `fired` when all packets have been handed to the
 * kernel. `{"count": true}`: `counted N`, how often anything has come by now, what waits in the sockets included. `{"clear": true}`:
 * `cleared` when all that was opened to fire is closed.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Responder, Shot } from '../../backend/volley.ts';

let events = 0;
/** What closes each socket that was opened to fire. */
const open = new Set<() => void>();
const count = (): void => {
  events += 1;
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const serve = (responder: Responder): Promise<void> =>
  new Promise((resolve) => {
    const { port } = responder;
    if (responder.protocol === 'udp') {
      const socket = createSocket('udp4');
      socket.on('message', (message, from) => {
        count();
        // What can't be sent is missed by whoever waits for it.
        socket.send(message, from.port, from.address, () => undefined);
      });
      socket.bind({ port, address: responder.address }, resolve);
    } else {
      const server = createServer({ allowHalfOpen: true }, (connection) => {
        for (const event of ['data', 'end', 'close', 'error']) connection.on(event, count);
        connection.pipe(connection);
      });
      server.listen({ port, host: '0.0.0.0', backlog: 1000 }, resolve);
    }
  });

/** Resolves when the kernel has what is sent, or has refused it. */
const fire = ({ protocol, source, destination, port, sourcePort, connected = false }: Shot): Promise<void> => {
  const text = `from port ${sourcePort}`;
  return new Promise((done) => {
    const resolve = (): void => {
      done();
    };
    if (protocol === 'udp') {
      const socket = createSocket('udp4');
      open.add(() => socket.close());
      socket.on('message', count);
      socket.on('error', resolve);
      socket.bind({ port: sourcePort, address: source }, () => {
        if (!connected) socket.send(text, port, destination, resolve);
        else {
          socket.connect(port, destination, (error?: Error) => {
            if (error) resolve();
            else socket.send(text, resolve);
          });
        }
      });
    } else if (protocol === 'tcp') {
      const connection = connect({ port, host: destination, localPort: sourcePort, localAddress: source ?? '0.0.0.0' });
      // One that isn't connected yet would be reset when it is, and would go on trying until then.
      open.add(() =>
        connection.connecting ? connection.destroy() : connection.destroyed || connection.resetAndDestroy(),
      );
      for (const event of ['data', 'end', 'close', 'error']) connection.on(event, count);
      connection.on('connect', () => {
        count();
        connection.end(text);
      });
      // It connects when we are done here.
      void turn().then(turn).then(resolve);
    } else {
      const to = `IP4-SENDTO:${destination}:1${source === undefined ? '' : `,bind=${source}`}`;
      const socat = spawn('socat', ['-u', 'STDIN', to], { stdio: ['pipe', 'ignore', 'ignore'] });
      socat.stdin.on('error', () => undefined);
      socat.stdin.end(echoRequest(sourcePort, text));
      socat.on('close', resolve);
    }
  });
};

/** An ICMP echo request (RFC 792). */
function echoRequest(identifier: number, text: string): Buffer {
  const packet = Buffer.concat([Buffer.from([8, 0, 0, 0, identifier >> 8, identifier & 255, 0, 1]), Buffer.from(text)]);
  const padded = packet.length % 2 === 0 ? packet : Buffer.concat([packet, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 2) sum += padded.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  packet.writeUInt16BE(~sum & 0xffff, 2);
  return packet;
}

/** Whether any UDP socket of the host's holds what nobody has read (/proc/net/udp, rx_queue). */
const unread = (): boolean =>
  readFileSync('/proc/net/udp', 'latin1')
    .split('\n')
    .slice(1)
    .some((line) => /:[\dA-F]{8} \d\d [\dA-F]{8}:0*[1-9A-F]/.test(line));

const commands: Readonly<Record<string, (value: never) => Promise<string>>> = {
  serve: async (responders: readonly Responder[]) => {
    await Promise.all(responders.map(serve));
    return 'serving';
  },
  fire: async (shots: readonly Shot[]) => {
    await Promise.all(shots.map(fire));
    return 'fired';
  },
  count: async () => {
    do {
      await turn();
      await turn();
    } while (unread());
    return `counted ${events}`;
  },
  clear: async () => {
    for (const close of open) close();
    open.clear();
    await turn();
    return 'cleared';
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const [[name, value] = ['']] = Object.entries(JSON.parse(line) as Record<string, never>);
  void commands[name]?.(value as never).then((said) => {
    process.stdout.write(`${said}\n`);
  });
});
process.stdout.write('ready\n');
