/**
 * Run inside a host: answers and sends as it is told on standard input, in JSON, a command a line; says a line for each that is
 * done. `{"serve": […]}`: `serving` when all of them listen. `{"fire": […]}`: `fired` when all packets have been handed to the
 * kernel. `{"count": true}`: `counted N`, how often anything has come by now, what waits in the sockets included. `{"clear": true}`:
 * `cleared` when all that was opened to fire is closed.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Responder, Shot } from '../../backend/volley.ts';

let events = 0;
/** What closes each socket that was opened to fire. */
const open = new Set<() => unknown>();
/** Connections that stay open for the next volley, by their own port. */
const staying = new Map<number, Socket>();
/** Programs that are at work as long as they don't sleep. */
const busy = new Set<number>();
const count = (): void => {
  events += 1;
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const serve = (responder: Responder): Promise<void> =>
  new Promise((resolve) => {
    const { port } = responder;
    if (responder.protocol === 'dns') {
      serveNames(port, responder.name, resolve);
    } else if (responder.protocol === 'udp') {
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

/** Starts dnsmasq, whose wildcard socket has the address that was asked handed back to the kernel. */
function serveNames(port: number, name: string, ready: () => void): void {
  const quiet = ['--keep-in-foreground', '--conf-file=/dev/null', '--log-facility=-', '--pid-file=', '--user=root'];
  const known = ['--group=', '--no-resolv', '--no-hosts', `--port=${port}`, `--address=/${name}/192.0.2.1`];
  const dnsmasq = spawn('dnsmasq', [...quiet, ...known], { stdio: ['ignore', 'ignore', 'pipe'] });
  if (dnsmasq.pid !== undefined) busy.add(dnsmasq.pid);
  dnsmasq.on('exit', (status) => {
    throw new Error(`dnsmasq ended with status ${String(status)}`);
  });
  createInterface({ input: dnsmasq.stderr }).on('line', (line) => {
    if (line.includes('started, version')) ready();
  });
}

/** Resolves when the kernel has what is sent, or has refused it. */
const fire = (shot: Shot): Promise<void> => {
  const { protocol, source, destination, port, sourcePort, connected = false, ttl, asks } = shot;
  const text = asks === undefined ? Buffer.from(`from port ${sourcePort}`) : question(sourcePort, asks);
  return new Promise((done) => {
    const resolve = (): void => {
      done();
    };
    if (shot.device !== undefined || shot.mark !== undefined) {
      fireBySocat(shot, protocol === 'icmp' ? echoRequest(sourcePort, text.toString()) : text, resolve);
    } else if (protocol === 'udp') {
      const socket = createSocket('udp4');
      open.add(() => socket.close());
      socket.on('message', count);
      socket.on('error', resolve);
      socket.bind({ port: sourcePort, address: source }, () => {
        socket.setBroadcast(true);
        if (ttl !== undefined) socket.setTTL(ttl);
        if (!connected) socket.send(text, port, destination, resolve);
        else {
          socket.connect(port, destination, (error?: Error) => {
            if (error) resolve();
            else socket.send(text, resolve);
          });
        }
      });
    } else if (protocol === 'tcp') {
      if (shot.goesOn) goOn(sourcePort, text);
      else fireByTcp(shot, text);
      // It connects when we are done here.
      void turn().then(turn).then(resolve);
    } else fireBySocat(shot, echoRequest(sourcePort, text.toString()), resolve);
  });
};

function fireByTcp({ source = '0.0.0.0', destination, port, sourcePort, stays = false }: Shot, text: Buffer): void {
  const connection = connect({ port, host: destination, localPort: sourcePort, localAddress: source });
  let missing = text.length;
  open.add(() => {
    if (stays && missing <= 0 && !connection.destroyed) staying.set(sourcePort, connection);
    else close(connection);
  });
  for (const event of ['data', 'end', 'close', 'error']) connection.on(event, count);
  connection.on('data', ({ length }) => {
    missing -= length;
  });
  connection.on('connect', () => {
    count();
    if (stays) connection.write(text);
    else connection.end(text);
  });
}

function goOn(sourcePort: number, text: Buffer): void {
  const connection = staying.get(sourcePort);
  if (!connection) return;
  staying.delete(sourcePort);
  open.add(() => {
    close(connection);
  });
  if (!connection.destroyed) connection.end(text);
}

/** One that isn't connected yet would be reset when it is, and would go on trying until then. */
function close(connection: Socket): void {
  if (connection.connecting) connection.destroy();
  else if (!connection.destroyed) connection.resetAndDestroy();
}

/** What Node's own sockets can't be told, socat's can. It says when it has sent what it was given, or ends. */
function fireBySocat(shot: Shot, packet: Buffer, sent: () => void): void {
  const { protocol, source = '', destination, port, sourcePort, connected = false, device, mark } = shot;
  const kind = protocol === 'tcp' ? 'TCP4' : connected ? 'UDP4' : 'UDP4-DATAGRAM';
  const [to, bind] =
    protocol === 'icmp'
      ? [`IP4-SENDTO:${destination}:1`, source]
      : [`${kind}:${destination}:${port}`, `${source}:${sourcePort}`];
  // The one that socat sets before it connects is called after listening, and takes an integer by the name of i.
  const setMark = `setsockopt-${protocol === 'tcp' ? 'listen' : 'int'}=${solSocket}:${soMark}`;
  const options = [
    // What a connection leaves unfinished is reset when it is closed, as by the others here.
    ...(protocol === 'tcp' ? ['reuseaddr', 'linger=0'] : ['broadcast']),
    ...(bind === '' ? [] : [`bind=${bind}`]),
    ...(device === undefined ? [] : [`so-bindtodevice=${device}`]),
    ...(mark === undefined ? [] : [`${setMark}:${protocol === 'tcp' ? 'i' : ''}${mark}`]),
  ];
  const ends = protocol === 'icmp' ? ['-u', 'STDIN'] : ['STDIO'];
  const words = ['-d', '-d', '-d', '-t', '60', ...ends, [to, ...options].join(',')];
  const socat = spawn('socat', words, { stdio: ['pipe', 'ignore', 'pipe'] });
  const { pid } = socat;
  if (protocol === 'tcp' && pid !== undefined) busy.add(pid);
  socat.on('exit', () => pid !== undefined && busy.delete(pid));
  const closed = new Promise<void>((resolve) => socat.on('close', () => resolve()));
  open.add(() => {
    socat.kill();
    return closed;
  });
  socat.stdin.on('error', () => undefined);
  if (protocol === 'tcp') socat.stdin.end(packet);
  else socat.stdin.write(packet);
  createInterface({ input: socat.stderr }).on('line', (line) => {
    // Where nobody answers, a connection is not made before we are done here.
    if (/transferred \d+ bytes from/.test(line) || (protocol === 'tcp' && line.includes('opening connection'))) {
      count();
      sent();
    }
  });
  void closed.then(sent);
}

/** SOL_SOCKET and SO_MARK (asm-generic/socket.h). */
const [solSocket, soMark] = [1, 36];

/** A question for the address of a name (RFC 1035), with an EDNS record that has a cookie in it (RFC 6891, 7873), as dig's has. */
function question(id: number, name: string): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const header = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
  const record = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 12];
  return Buffer.from([...header, ...labels, 0, 0, 1, 0, 1, ...record, 0, 10, 0, 8, ...Array<number>(8).fill(7)]);
}

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

/** Whether a process is anything but asleep (proc_pid_stat(5)). */
const works = (pid: number): boolean => !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') S ');

const commands: Readonly<Record<string, (value: never) => Promise<string>>> = {
  serve: async (responders: readonly Responder[]) => {
    await Promise.all(responders.map(serve));
    return 'serving';
  },
  fire: async (shots: readonly Shot[]) => {
    const ports = new Set(shots.filter(({ goesOn }) => goesOn).map(({ sourcePort }) => sourcePort));
    for (const [port, connection] of staying) {
      if (ports.has(port)) continue;
      staying.delete(port);
      close(connection);
    }
    await Promise.all(shots.map(fire));
    return 'fired';
  },
  count: async () => {
    do {
      await turn();
      await turn();
    } while (unread() || [...busy].some(works));
    return `counted ${events}`;
  },
  clear: async () => {
    await Promise.all([...open].map((end) => end()));
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
