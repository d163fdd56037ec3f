import test from 'ava';
import type { Request, Service } from '../../backend/service.ts';
import { formatIPv4, parseIPv4 } from '../../net/address.ts';
import { addRoute } from '../fib/routes.ts';
import { deviceNamed } from '../host.ts';
import { unanswered } from './ping.ts';
import { serve } from './program.ts';
import { scatter, sweep } from './sweep.ts';
import { twoLines, type TestNetwork } from './testing.ts';

const [first, second] = ['203.0.113.2', '203.0.114.2'];
const here = { server: first, sourcePort: 40000 };

/** Endpoints and lengths of what the server's lines carried, each packet once. */
function onTheLines({ seen }: TestNetwork): readonly string[] {
  return seen
    .filter(({ at, direction }) => /^server (one|two)$/.test(at) && direction === 'out')
    .map(({ at, text }) => `${at.slice(7)} ${text}`);
}

const echo: Service = { kind: 'udp-echo', name: 'echo', port: 7, binding: { kind: 'wildcard' } };
const echoes = (server: string): Request => ({ kind: 'udp-echo', server, port: 7, sourcePort: 40000, count: 3 });

test('a UDP echo comes back from the socket; one from elsewhere is refused by the client, port unreachable', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), echo, lab.tunnels);
  t.true(lab.ask('client', echoes(first)).accepted);
  const stranger = lab.ask('client', { ...echoes(second), sourcePort: 40001 });
  t.false(stranger.accepted);
  t.is(stranger.said[0], '0 of 3 came back');
  // The answer to the second line's address left by the first, from its address.
  t.true(onTheLines(lab).includes('one 203.0.113.2:7 > 198.51.100.10:40001 23'));
  t.true(lab.seen.some(({ at, packet }) => at === 'client net' && packet.icmp?.type === 3 && packet.icmp.code === 3));
});

test('a UDP echo that is bound answers from its address; nobody answers elsewhere', (t) => {
  const lab = twoLines();
  const stop = serve(lab.host('server'), { ...echo, binding: { kind: 'address', address: second } }, lab.tunnels);
  t.true(lab.ask('client', echoes(second)).accepted);
  t.true(onTheLines(lab).every((line) => line.includes(second)));
  const closed = lab.ask('client', { ...echoes(first), sourcePort: 40001 });
  t.deepEqual(closed.said, ['0 of 3 came back', 'read: Connection refused']);
  stop.stop();
  t.false(lab.ask('client', { ...echoes(second), sourcePort: 40002 }).accepted);
});

test('echoes that are lost are missed one second after the last', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), echo, lab.tunnels);
  deviceNamed(lab.host('router'), 'client')!.transmit = () => undefined;
  t.false(lab.ask('client', echoes(first)).accepted);
  t.is(lab.network.clock.now, 3 * 0.02 + 1);
});

test('a router that has no route ends no UDP request: that may mend itself', (t) => {
  const lab = twoLines();
  const answer = lab.ask('client', echoes('192.0.2.1'));
  t.deepEqual(answer.said, ['0 of 3 came back']);
  t.true(lab.seen.some(({ at, packet }) => at === 'client net' && packet.icmp?.type === 3 && packet.icmp.code === 0));
  t.is(lab.network.clock.now, 3 * 0.02 + 1);
});

const dns = (binding: 'address-per-socket' | 'pktinfo', addresses = [first, second]): Service => ({
  ...{ kind: 'dns', name: 'dns', port: 53, binding, addresses },
  records: { 'probe.test': '192.0.2.53' },
});
const lookUp = (server: string, parts: object = {}): Request => ({
  ...{ kind: 'dns', server, port: 53, sourcePort: 40000, name: 'probe.test', address: '192.0.2.53' },
  ...parts,
});

test('a name server answers from the address that was asked, and leaves the line to routing', (t) => {
  for (const binding of ['address-per-socket', 'pktinfo'] as const) {
    const lab = twoLines();
    const running = serve(lab.host('server'), dns(binding), lab.tunnels);
    const answer = lab.ask('client', lookUp(second));
    t.true(answer.accepted);
    t.deepEqual(answer.said, ['192.0.2.53']);
    t.true(running.said().includes('query[A] probe.test from 198.51.100.10'));
    // dig asks in 51 bytes, and dnsmasq answers in 55.
    t.deepEqual(onTheLines(lab), ['one 203.0.114.2:53 > 198.51.100.10:40000 55']);
    t.is(lab.seen[0]?.text, '198.51.100.10:40000 > 203.0.114.2:53 51');
  }
});

test('a wrong address, an unknown name and silence are no answers', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), dns('pktinfo'), lab.tunnels);
  t.false(lab.ask('client', lookUp(first, { address: '192.0.2.54' })).accepted);
  t.deepEqual(lab.ask('client', lookUp(first, { name: 'other.test', sourcePort: 40001 })).said, [';; status: REFUSED']);
  deviceNamed(lab.host('router'), 'client')!.transmit = () => undefined;
  const begun = lab.network.clock.now;
  t.false(lab.ask('client', lookUp(first, { sourcePort: 40002 })).accepted);
  t.is(Math.round((lab.network.clock.now - begun) * 1000), 2000);
});

test('services do not start at an address that is not theirs, or a port that is taken', (t) => {
  const lab = twoLines();
  const start = (service: Service) => () => serve(lab.host('server'), service, lab.tunnels);
  t.throws(start(dns('address-per-socket', [first, '192.0.2.1'])), { message: /dns on server/ });
  // The socket that had been opened is closed again.
  const running = serve(lab.host('server'), dns('address-per-socket'), lab.tunnels);
  t.throws(start(dns('address-per-socket')), { message: /port is taken/ });
  running.stop();
  t.notThrows(start(dns('pktinfo')));
  t.throws(start({ kind: 'stream', name: 'stream', port: 80, address: '10.8.0.1', chunks: 1, pace: 'steady' }), {
    message: /stream on server/,
  });
  start({ kind: 'ssh', name: 'ssh', port: 22 })();
  t.throws(start({ kind: 'tcp-echo', name: 'echo', port: 22 }), { message: /echo on server/ });
});

test('ssh: the banner comes from the address that was called, and the client closes', (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), { kind: 'ssh', name: 'ssh', port: 22 }, lab.tunnels);
  const answer = lab.ask('client', { kind: 'ssh', ...here, server: second, port: 22 });
  t.true(answer.accepted);
  t.deepEqual(answer.said, ['SSH-2.0-']);
  lab.pass(1);
  t.true(running.said().includes('Connection closed by 198.51.100.10 port 40000'));
  t.true(onTheLines(lab).every((line) => line.startsWith('one 203.0.114.2:22 >')));
  // SYN-ACK, banner, acknowledgement of the client's end, and its own.
  t.is(onTheLines(lab).length, 4);
});

test('ssh: a closed port refuses at once, a silent one is given up after two seconds', (t) => {
  const lab = twoLines();
  const call: Request = { kind: 'ssh', ...here, port: 22 };
  t.deepEqual(lab.ask('client', call).said, ['connection refused']);
  t.true(lab.network.clock.now < 0.1);
  serve(lab.host('server'), { kind: 'ssh', name: 'ssh', port: 22 }, lab.tunnels);
  deviceNamed(lab.host('router'), 'client')!.transmit = () => undefined;
  const begun = lab.network.clock.now;
  t.deepEqual(lab.ask('client', { ...call, sourcePort: 40001 }).said, ['connect: timed out']);
  t.is(Math.round((lab.network.clock.now - begun) * 1000), 2000);
});

test('a line comes back from the TCP echo, whole', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), { kind: 'tcp-echo', name: 'echo', port: 7 }, lab.tunnels);
  const call: Request = { kind: 'tcp-echo', ...here, port: 7 };
  t.deepEqual(lab.ask('client', call), { accepted: true, said: ['echo from port 40000'], bytes: null });
  deviceNamed(lab.host('router'), 'one')!.transmit = () => undefined;
  t.false(lab.ask('client', { ...call, sourcePort: 40001 }).accepted);
});

test('a stream takes a tenth of a second for each thousand bytes; a stream that stalls is given up after two seconds', (t) => {
  const lab = twoLines();
  serve(
    lab.host('server'),
    { kind: 'stream', name: 'stream', port: 80, address: first, chunks: 20, pace: 'steady' },
    lab.tunnels,
  );
  const call: Request = { kind: 'stream', ...here, port: 80, chunks: 20 };
  const whole = lab.ask('client', call);
  t.deepEqual(whole, { accepted: true, said: ['20000 of 20000 bytes came'], bytes: { received: 20000, sent: 0 } });
  t.true(Math.abs(lab.network.clock.now - 2) < 0.05);
  const begun = lab.network.clock.now;
  lab.network.clock.after(1.05, () => {
    deviceNamed(lab.host('router'), 'client')!.transmit = () => undefined;
  });
  const stalled = lab.ask('client', { ...call, sourcePort: 40001 });
  t.false(stalled.accepted);
  t.is(stalled.bytes?.received, 11000);
  t.true(Math.abs(lab.network.clock.now - begun - 3) < 0.05);
});

test('a stream in haste takes no longer than the line', (t) => {
  const lab = twoLines();
  const service = { kind: 'stream', name: 'stream', port: 80, address: first, chunks: 200, pace: 'haste' } as const;
  serve(lab.host('server'), service, lab.tunnels);
  const { accepted, bytes } = lab.ask('client', { kind: 'stream', ...here, port: 80, chunks: 200 });
  t.deepEqual([accepted, bytes?.received], [true, 200_000]);
  t.true(lab.network.clock.now < 0.1);
});

test('ping takes an answer from whatever address, and says from which', (t) => {
  const lab = twoLines();
  const answer = lab.ask('client', { kind: 'ping', server: second, port: 0, sourcePort: 4711 });
  t.deepEqual(answer.said, ['64 bytes from 203.0.114.2: icmp_seq=1 ttl=63']);
  const [request] = lab.seen;
  t.is(request?.packet.icmp?.identifier, 4711);
  t.is(request?.text, '198.51.100.10 > 203.0.114.2 56');
  t.is(lab.host('client').sockets.echoReplies.size, 0);
  const silent = lab.ask('client', { kind: 'ping', server: '192.0.2.1', port: 0, sourcePort: 4712 });
  t.false(silent.accepted);
});

test('pings go on until they are answered, for five seconds', (t) => {
  const lab = twoLines();
  const client = lab.host('client');
  const found: (readonly number[])[] = [];
  const pings = [first, '192.0.2.1', second].map((destination) => ({ host: client, destination }));
  const toClient = deviceNamed(lab.host('router'), 'client')!;
  const { transmit } = toClient;
  toClient.transmit = () => undefined;
  lab.network.clock.after(2, () => {
    toClient.transmit = transmit;
  });
  unanswered(pings, (failed) => found.push(failed));
  lab.pass(4.9);
  t.deepEqual(found, []);
  lab.pass(0.2);
  t.deepEqual(found, [[1]]);
  // One each twentieth of a second.
  const sent = lab.seen.filter(
    ({ at, direction, packet }) =>
      at === 'client net' && direction === 'out' && formatIPv4(packet.destination) === first,
  );
  t.true(sent.length >= 40 && sent.length <= 42, String(sent.length));
});

test('a sweep sends one request to each destination, two thousand a second, and says who did not answer', (t) => {
  const lab = twoLines();
  const found: (readonly string[])[] = [];
  const destinations = [first, '192.0.2.1', second, first];
  sweep(lab.host('client'), destinations, (failed) => found.push(failed));
  lab.pass(5);
  t.deepEqual(found, [['192.0.2.1']]);
  const sent = lab.seen.filter(({ at, direction }) => at === 'client net' && direction === 'out');
  t.deepEqual(
    sent.map(({ time }) => Math.round(time * 10000)),
    [0, 5, 10, 15],
  );
  t.is(lab.host('client').sockets.echoReplies.size, 0);
});

test("a sweep's requests have no source of their own: each takes the address of the line that it is routed by", (t) => {
  const lab = twoLines();
  const server = lab.host('server');
  const refusal = addRoute(
    server,
    'add',
    {
      ...{ type: 'unicast', destination: { address: parseIPv4('192.0.2.0'), length: 24 }, tos: 0, table: 254 },
      ...{ metric: null, protocol: null, scope: null, source: null, nexthopId: null },
      nexthops: [{ gateway: parseIPv4('203.0.114.1'), device: 'two', weight: 1, onlink: false }],
    },
    null,
  );
  t.is(refusal, null);
  sweep(server, ['192.0.2.1', '198.51.100.10'], () => undefined);
  lab.pass(0.1);
  t.deepEqual(onTheLines(lab), ['two 203.0.114.2 > 192.0.2.1 56', 'one 203.0.113.2 > 198.51.100.10 56']);
});

test('a scatter sends one datagram from each port, and then is done', (t) => {
  const lab = twoLines();
  let done = 0;
  scatter(lab.host('client'), { destination: first, port: 9, sourcePorts: [40000, 40001, 40002] }, () => {
    done += 1;
  });
  t.is(done, 0);
  lab.pass(1);
  t.is(done, 1);
  const sent = lab.seen.filter(({ at, packet }) => at === 'client net' && packet.protocol === 17);
  t.deepEqual(
    sent.map(({ packet }) => packet.sourcePort),
    [40000, 40001, 40002],
  );
  t.is(lab.host('client').sockets.udp.size, 0);
  // It is unconnected: no hash of a socket's decides its way.
  t.true(sent.every(({ packet }) => packet.socketHash === null));
});

test('programs leave nothing behind in their host', (t) => {
  const lab = twoLines();
  const server = lab.host('server');
  const running = [echo, dns('address-per-socket'), { kind: 'ssh', name: 'ssh', port: 22 } as const].map((service) =>
    serve(server, service, lab.tunnels),
  );
  lab.ask('client', echoes(first));
  lab.ask('client', lookUp(first, { sourcePort: 40001 }));
  lab.ask('client', { kind: 'ssh', server: first, port: 22, sourcePort: 40002 });
  for (const each of running) each.stop();
  lab.pass(61);
  for (const host of [server, lab.host('client')]) {
    t.deepEqual([host.sockets.udp.size, host.sockets.listeners.size, host.sockets.connections.size], [0, 0, 0]);
  }
});
