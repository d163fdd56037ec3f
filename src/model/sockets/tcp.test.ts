import test from 'ava';
import { parseIPv4 } from '../../net/address.ts';
import { setDown } from '../devices.ts';
import { deviceNamed } from '../host.ts';
import { tcpFlags, type Packet } from '../packet.ts';
import { twoLines, type TestNetwork, type TestOptions } from '../services/testing.ts';
import { abort, closeListener, connect, end, listen, write, type TcpConnection, type TcpEvents } from './tcp.ts';

const server = parseIPv4('203.0.113.2');
const port = 80;

interface Transfer {
  /** Bytes that came, and whether the end did. */
  readonly received: number;
  readonly ended: boolean;
  /** Seconds. */
  readonly took: number;
}

/** The server sends so many bytes to a client that connects, and ends. */
function transfer(options: TestOptions, bytes: number, patience = 600): Transfer {
  const lab = twoLines(options);
  const { clock } = lab.network;
  let received = 0;
  const ends: number[] = [];
  const host = lab.host('server');
  listen(host, {
    address: 0,
    port,
    accept: (connection) => ({
      connected: () => {
        write(host, connection, { length: bytes });
        end(host, connection);
      },
    }),
  });
  const client = lab.host('client');
  const connection = opened(
    connect(client, {
      address: server,
      port,
      events: {
        received: ({ length }) => (received += length),
        ended: () => {
          ends.push(clock.now);
          end(client, connection);
        },
      },
    }),
  );
  while (ends.length === 0 && clock.now < patience && clock.step());
  return { received, ended: ends.length === 1, took: clock.now };
}

function opened(connection: ReturnType<typeof connect>): TcpConnection {
  if (typeof connection === 'string') throw new Error(connection);
  return connection;
}

/** When the client has sent what `which` is true of, in seconds, to a tenth. */
function sentAt(lab: TestNetwork, which: (packet: Packet) => boolean): readonly number[] {
  return lab.seen
    .filter(({ at, direction, packet }) => at === 'client net' && direction === 'out' && packet.tcp && which(packet))
    .map(({ time }) => Math.round(time * 10) / 10);
}

const isSyn = ({ tcp }: Packet): boolean => tcp?.flags === tcpFlags.syn;

/** A client whose packets lead nowhere. */
function unheard(release?: string): { readonly lab: TestNetwork; readonly reasons: string[] } {
  const lab = twoLines(release === undefined ? {} : { release });
  deviceNamed(lab.host('router'), 'one')!.transmit = () => undefined;
  const reasons: string[] = [];
  opened(connect(lab.host('client'), { address: server, port, events: { failed: (reason) => reasons.push(reason) } }));
  return { lab, reasons };
}

test('a transfer fills a line of 8 Mbit/s', (t) => {
  const bytes = 3e6;
  const { received, ended, took } = transfer({ rate: 8e6 }, bytes);
  t.true(ended);
  t.is(received, bytes);
  // To 1,448 bytes of the stream, headers add 20 of TCP, 20 of IP and 14 of Ethernet.
  const least = (bytes * 8 * (1448 + 54)) / 1448 / 8e6;
  t.true(took > least * 0.99 && took < least * 1.1, `${took} s, at best ${least} s`);
});

test('a transfer gets through a line that loses packets, whole and in order', (t) => {
  for (const loss of [0.01, 0.02, 0.03]) {
    const { received, ended, took } = transfer({ rate: 8e6, loss, seed: 5 }, 1e6);
    t.deepEqual([received, ended], [1e6, true], `loss ${loss}`);
    // Losses cost time, but not time-outs without end.
    t.true(took < 15, `loss ${loss}: ${took} s`);
  }
});

test('pieces come in the order in which they were written, whatever was lost', (t) => {
  const lab = twoLines({ loss: 0.05, seed: 3 });
  const host = lab.host('server');
  const pieces = Array.from({ length: 300 }, (_, index) => index);
  const came: unknown[] = [];
  listen(host, {
    address: 0,
    port,
    accept: (connection) => ({
      connected: () => {
        for (const piece of pieces) write(host, connection, { length: 500, content: piece });
      },
    }),
  });
  connect(lab.host('client'), { address: server, port, events: { received: ({ content }) => came.push(content) } });
  lab.pass(120);
  t.deepEqual(came, pieces);
});

test('a lost segment is sent again within a round trip, not after a time-out', (t) => {
  const lab = twoLines({ delay: 0.01 });
  const host = lab.host('server');
  const toRouter = deviceNamed(host, 'one')!;
  const { transmit } = toRouter;
  let segments = 0;
  toRouter.transmit = (skb, neighbour) => {
    if (skb.packet.payload.length > 0) segments += 1;
    if (segments !== 3 || skb.packet.payload.length === 0) transmit(skb, neighbour);
    else segments += 1;
  };
  listen(host, {
    address: 0,
    port,
    accept: (connection) => ({
      connected: () => {
        write(host, connection, { length: 8 * 1448 });
        end(host, connection);
      },
    }),
  });
  let ended = 0;
  connect(lab.host('client'), { address: server, port, events: { ended: () => (ended = lab.network.clock.now) } });
  lab.pass(5);
  // Two round trips of 40 ms to connect and to be sent the whole, half of one to hear of it, and one more.
  t.true(ended > 0.1 && ended < 0.15, String(ended));
});

test('a connection is tried again after 1, 2, 4… seconds; since Linux 6.5 five times after one', (t) => {
  const old = unheard('6.4');
  old.lab.pass(200);
  t.deepEqual(sentAt(old.lab, isSyn), [0, 1, 3, 7, 15, 31, 63]);
  t.deepEqual(old.reasons, ['timeout']);
  const recent = unheard();
  recent.lab.pass(130);
  t.deepEqual(sentAt(recent.lab, isSyn), [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
  t.deepEqual(recent.reasons, []);
  recent.lab.pass(2);
  t.deepEqual(recent.reasons, ['timeout']);
  t.is(recent.lab.host('client').sockets.connections.size, 0);
});

test('an answer that nobody acknowledges is given up after five more', (t) => {
  const lab = twoLines();
  const host = lab.host('server');
  listen(host, { address: 0, port, accept: () => ({}) });
  deviceNamed(lab.host('router'), 'client')!.transmit = () => undefined;
  const client = opened(connect(lab.host('client'), { address: server, port, events: {} }));
  lab.pass(0.1);
  abort(lab.host('client'), client);
  lab.pass(70);
  const answers = lab.seen.filter(({ at, direction }) => at === 'server one' && direction === 'out');
  t.deepEqual(
    answers.map(({ time }) => Math.round(time)),
    [0, 1, 3, 7, 15, 31],
  );
  t.is(host.sockets.connections.size, 0);
});

test('an open connection is given up after fifteen tries, which take a quarter of an hour', (t) => {
  const lab = twoLines();
  const client = lab.host('client');
  listen(lab.host('server'), { address: 0, port, accept: () => ({}) });
  const reasons: string[] = [];
  const connection = opened(
    connect(client, { address: server, port, events: { failed: (reason) => reasons.push(reason) } }),
  );
  lab.pass(1);
  deviceNamed(lab.host('router'), 'one')!.transmit = () => undefined;
  const before = lab.seen.length;
  write(client, connection, { length: 100 });
  lab.pass(900);
  t.deepEqual(reasons, []);
  // tcp_retries2 in Documentation/networking/ip-sysctl.rst: 924.6 seconds with a time-out of 200 ms to begin with.
  lab.pass(40);
  t.deepEqual(reasons, ['timeout']);
  const sent = lab.seen.slice(before).filter(({ at, packet }) => at === 'client net' && packet.payload.length === 100);
  t.is(sent.length, 16);
});

test('a refusal by the server, and one by a router on the way, end a connection that is not open yet', (t) => {
  const lab = twoLines();
  const client = lab.host('client');
  const reasons: string[] = [];
  const call = (address: string): void => {
    connect(client, { address: parseIPv4(address), port, events: { failed: (reason) => reasons.push(reason) } });
    lab.pass(0.5);
  };
  call('203.0.113.2');
  t.deepEqual(reasons, ['refused']);
  // The router has no route there.
  call('192.0.2.1');
  t.deepEqual(reasons, ['refused', 'ENETUNREACH']);
});

test('an open connection bears that a router has no route for a while', (t) => {
  const lab = twoLines();
  const client = lab.host('client');
  const reasons: string[] = [];
  let heard = 0;
  listen(lab.host('server'), { address: 0, port, accept: () => ({ received: ({ length }) => (heard += length) }) });
  const connection = opened(
    connect(client, { address: server, port, events: { failed: (reason) => reasons.push(reason) } }),
  );
  lab.pass(0.5);
  setDown(lab.host('router'), deviceNamed(lab.host('router'), 'one')!);
  write(client, connection, { length: 100 });
  lab.pass(5);
  t.true(lab.seen.some(({ at, packet }) => at === 'client net' && packet.icmp?.type === 3));
  t.deepEqual([reasons, heard], [[], 0]);
});

test('who ends first answers on for a minute, and calls nobody from that port meanwhile', (t) => {
  const lab = twoLines();
  const [host, client] = [lab.host('server'), lab.host('client')];
  const events = (own: typeof host, connection: TcpConnection): TcpEvents => ({
    ended: () => {
      end(own, connection);
    },
  });
  const listener = listen(host, { address: 0, port, accept: (connection) => events(host, connection) });
  const first = opened(connect(client, { address: server, port, sourcePort: 40000, events: {} }));
  lab.pass(0.1);
  end(client, first);
  lab.pass(0.1);
  t.deepEqual([client.sockets.connections.size, host.sockets.connections.size], [1, 0]);
  t.is(first.state, 'time-wait');
  t.is(connect(client, { address: server, port, sourcePort: 40000, events: {} }), 'EINVAL');
  lab.pass(60);
  t.is(client.sockets.connections.size, 0);
  t.not(listener, null);
  if (listener) closeListener(host, listener);
  t.is(host.sockets.listeners.size, 0);
});

test('who ends first hears the rest, and nothing can be written after the end', (t) => {
  const lab = twoLines();
  const [host, client] = [lab.host('server'), lab.host('client')];
  let heard = 0;
  listen(host, {
    address: 0,
    port,
    accept: (connection) => ({
      ended: () => {
        write(host, connection, { length: 3000 });
        end(host, connection);
      },
    }),
  });
  const connection = opened(
    connect(client, { address: server, port, events: { received: ({ length }) => (heard += length) } }),
  );
  end(client, connection);
  write(client, connection, { length: 10 });
  lab.pass(1);
  t.is(heard, 3000);
  t.is(sentAt(lab, ({ payload }) => payload.length > 0).length, 0);
});

test('whoever ended first may be called anew from the same port', (t) => {
  const lab = twoLines();
  const [host, client] = [lab.host('server'), lab.host('client')];
  listen(host, {
    address: 0,
    port,
    accept: (connection) => ({
      connected: () => {
        end(host, connection);
      },
    }),
  });
  let ends = 0;
  const call = (): void => {
    const connection = opened(
      connect(client, {
        address: server,
        port,
        sourcePort: 40000,
        events: {
          ended: () => {
            ends += 1;
            end(client, connection);
          },
        },
      }),
    );
    lab.pass(0.5);
  };
  call();
  t.deepEqual(
    [...host.sockets.connections.values()].map(({ state }) => state),
    ['time-wait'],
  );
  call();
  t.is(ends, 2);
});

test('the last acknowledgement may be lost: who waits answers the end that is sent again', (t) => {
  const lab = twoLines();
  const [host, client] = [lab.host('server'), lab.host('client')];
  const reasons: string[] = [];
  listen(host, {
    address: 0,
    port,
    accept: (connection) => ({
      ended: () => {
        end(host, connection);
      },
      failed: (reason) => reasons.push(reason),
    }),
  });
  const connection = opened(connect(client, { address: server, port, events: {} }));
  lab.pass(0.1);
  const line = deviceNamed(client, 'net')!;
  const { transmit } = line;
  let lost = 0;
  line.transmit = (skb, neighbour) => {
    const isLast = lab.seen.some(
      ({ at, direction, packet }) =>
        at === 'client net' && direction === 'in' && ((packet.tcp?.flags ?? 0) & tcpFlags.fin) !== 0,
    );
    if (isLast && lost === 0) lost += 1;
    else transmit(skb, neighbour);
  };
  end(client, connection);
  lab.pass(2);
  t.deepEqual([lost, reasons, host.sockets.connections.size], [1, [], 0]);
});
