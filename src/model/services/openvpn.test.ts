import test from 'ava';
import type { Answer, Dial, OpenVpnServer, Request } from '../../backend/service.ts';
import { formatIPv4, parseIPv4 } from '../../net/address.ts';
import { deviceNamed } from '../host.ts';
import { dial } from './openvpn.ts';
import { serve } from './program.ts';
import { defaultRoute, twoLines, type TestNetwork } from './testing.ts';

/* What is expected was read in the logs and captures of OpenVPN 2.6.14. */

const [first, second] = ['203.0.113.2', '203.0.114.2'];

function server(parts: Partial<OpenVpnServer> = {}): OpenVpnServer {
  return {
    ...{ kind: 'openvpn', name: 'vpn', protocol: 'udp', port: 1194, binding: { kind: 'wildcard' } },
    ...{ tunnel: 'tun0', network: '10.8.0.0/24' },
    ...parts,
  };
}

type Call = Extract<Request, { kind: 'openvpn' }>;
function call(parts: Partial<Call> = {}): Call {
  return {
    ...{ kind: 'openvpn', protocol: 'udp', server: first, port: 1194, sourcePort: 40000 },
    ...{ tunnel: 'tun0', through: '10.8.0.1', float: false },
    ...parts,
  };
}

const dialled = (parts: Partial<Dial> = {}): Dial => ({
  ...{ kind: 'dial', protocol: 'udp', server: first, port: 1194, sourcePort: 'any', tunnel: 'tun0' },
  ...parts,
});

/** Bytes of UDP payload that a client sends, or receives. */
function sizes({ seen }: TestNetwork, direction: 'in' | 'out'): readonly number[] {
  return seen
    .filter((each) => each.at === 'client net' && each.direction === direction && each.packet.protocol === 17)
    .map(({ packet }) => packet.payload.length);
}

const says = ({ said }: Pick<Answer, 'said'>, words: string): boolean => said.some((line) => line.includes(words));

/** The interfaces and addresses by which the server has sent UDP. */
function sentBy({ seen }: TestNetwork): readonly string[] {
  const out = seen.filter(
    ({ at, direction, packet }) => /^server (one|two)/.test(at) && direction === 'out' && packet.protocol === 17,
  );
  return [...new Set(out.map(({ at, packet }) => `${at.slice(7)} ${formatIPv4(packet.source)}`))];
}

test('over UDP, a client connects, and its tunnel carries pings', (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server(), lab.tunnels);
  const answer = lab.ask('client', call());
  t.true(answer.accepted);
  // Hard resets, hello, certificates, keys, and the options, each acknowledged; then pings of 84 bytes.
  t.deepEqual(sizes(lab, 'out').slice(0, 7), [14, 303, 1006, 30, 34, 34, 108]);
  t.deepEqual(sizes(lab, 'in').slice(0, 6), [26, 844, 188, 230, 221, 108]);
  t.true(says(answer, 'TLS: Initial packet from [AF_INET]203.0.113.2:1194, sid='));
  t.true(says(answer, '[server] Peer Connection Initiated with [AF_INET]203.0.113.2:1194'));
  t.true(
    says(
      answer,
      "'PUSH_REPLY,route-gateway 10.8.0.1,topology subnet,ifconfig 10.8.0.2 255.255.255.0,peer-id 0,cipher AES-256-GCM," +
        "protocol-flags cc-exit tls-ekm dyn-tls-crypt,tun-mtu 1500'",
    ),
  );
  const log = { said: running.said() };
  t.true(says(log, '198.51.100.10:40000 [client] Peer Connection Initiated with [AF_INET]198.51.100.10:40000'));
  // A 2.6 server has begun no instance when the first packet comes, and never logs it.
  t.false(says(log, 'Initial packet'));
  t.deepEqual(
    [...new Set(lab.seen.filter(({ at }) => at === 'client tun0').map(({ text }) => text))],
    ['10.8.0.2 > 10.8.0.1 56', '10.8.0.1 > 10.8.0.2 56'],
  );
});

test('what the tunnel carries is 24 bytes longer outside; a TCP stream has two more', (t) => {
  for (const [protocol, length] of [
    ['udp', 108],
    ['tcp', 110],
  ] as const) {
    const lab = twoLines();
    serve(lab.host('server'), server({ protocol }), lab.tunnels);
    t.true(lab.ask('client', call({ protocol })).accepted);
    const number = protocol === 'udp' ? 17 : 6;
    const lengths = lab.seen
      .filter(({ at, packet }) => at === 'client net' && packet.protocol === number)
      .map(({ packet }) => packet.payload.length);
    t.is(lengths.filter((each) => each === length).length, 60);
  }
});

test('a stranger who answers is rejected, and the client gives up after its connect-timeout', (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server(), lab.tunnels);
  // The server's default route is by the first line.
  const answer = lab.ask('client', call({ server: second }));
  t.false(answer.accepted);
  t.true(
    says(
      answer,
      'TCP/UDP: Incoming packet rejected from [AF_INET]203.0.113.2:1194[2], expected peer address: [AF_INET]203.0.114.2:1194 ' +
        '(allow this incoming source address/port by removing --remote or adding --float)',
    ),
  );
  t.deepEqual(
    [sizes(lab, 'out'), sizes(lab, 'in')],
    [
      [14, 14],
      [26, 26],
    ],
  );
  t.deepEqual(sentBy(lab), ['one 203.0.113.2']);
  t.deepEqual(answer.bytes, { received: 26, sent: 14 });
  t.true(says(answer, 'Server poll timeout, restarting'));
  t.true(says(answer, 'SIGUSR1[soft,server_poll] received, process restarting'));
  t.true(says(answer, 'All connections have been connect-retry-max (1) times unsuccessful, exiting'));
  t.false(running.said().some((line) => line.includes('198.51.100.10')));
});

test('with --float, a client takes a stranger for its server, and calls it from then on', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), server(), lab.tunnels);
  const answer = lab.ask('client', call({ server: second, float: true }));
  t.true(answer.accepted);
  t.true(says(answer, 'Peer Connection Initiated with [AF_INET]203.0.113.2:1194'));
  const called = lab.seen.flatMap(({ at, direction, packet }) =>
    at === 'client net' && direction === 'out' ? [formatIPv4(packet.destination)] : [],
  );
  t.deepEqual([called[0], [...new Set(called.slice(1))]], [second, [first]]);
});

test('multihome answers from the address, and in 2.6 by the interface, that the request came to', (t) => {
  const multihome = server({ binding: { kind: 'multihome' } });
  const old = twoLines();
  // A bound device needs a route by it; otherwise the client is taken for a neighbour.
  defaultRoute(old.host('server'), '203.0.114.1', 'two', 253);
  const running = serve(old.host('server'), multihome, old.tunnels);
  t.true(old.ask('client', call({ server: second })).accepted);
  t.deepEqual(sentBy(old), ['two 203.0.114.2']);
  t.true(says({ said: running.said() }, 'Initiated with [AF_INET]198.51.100.10:40000 (via [AF_INET]203.0.114.2%two)'));

  const recent = twoLines();
  serve(recent.host('server'), multihome, recent.tunnels, { openvpn: '2.7' });
  t.true(recent.ask('client', call({ server: second })).accepted);
  t.deepEqual(sentBy(recent), ['one 203.0.114.2']);
});

test('a server that is bound to an address answers from it', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), server({ binding: { kind: 'address', address: second } }), lab.tunnels);
  t.true(lab.ask('client', call({ server: second })).accepted);
  t.deepEqual(sentBy(lab), ['one 203.0.114.2']);
  t.false(lab.ask('client', call({ sourcePort: 40001, tunnel: 'tun1' })).accepted);
});

test('a server does not start without its address, its port or its device', (t) => {
  const lab = twoLines();
  const start = (parts: Partial<OpenVpnServer>) => () => serve(lab.host('server'), server(parts), lab.tunnels);
  t.throws(start({ binding: { kind: 'address', address: '203.0.115.2' } }), { message: /vpn on server/ });
  start({})();
  t.throws(start({ tunnel: 'tun1' }), { message: /port is taken/ });
  t.throws(start({ port: 1195 }), { message: /tun0 of server: Device or resource busy/ });
  // What failed has given its device back.
  t.notThrows(start({ tunnel: 'tun1', port: 1195 }));
});

test('if nothing comes back, a client begins anew after its hand-window, from another port', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), server(), lab.tunnels);
  lab.host('server').routeGeneration += 1;
  const blackhole = deviceNamed(lab.host('router'), 'client');
  if (blackhole) blackhole.transmit = () => undefined;
  const client = dial(lab.host('client'), dialled(), lab.tunnels);
  lab.pass(9.5);
  t.deepEqual(client.rounds(), { connected: 0, restarted: 3 });
  const out = lab.seen.filter(({ at, direction }) => at === 'client net' && direction === 'out');
  t.is(new Set(out.map(({ packet }) => packet.sourcePort)).size, 4);
  // The server has answered each, and remembers nothing.
  const atServer = lab.seen
    .filter(({ at }) => at === 'server one')
    .map(({ direction, packet }) => `${direction} ${packet.payload.length}`);
  t.deepEqual([...new Set(atServer)], ['in 14', 'out 26']);
  t.is(atServer.length % 2, 0);
  const answer = client.stop();
  t.true(
    says(answer, 'TLS Error: TLS key negotiation failed to occur within 3 seconds (check your network connectivity)'),
  );
  t.true(says(answer, 'TLS Error: TLS handshake failed'));
  t.true(says(answer, 'SIGUSR1[soft,tls-error] received, process restarting'));
  t.is(answer.bytes?.received, 0);
  t.true((answer.bytes?.sent ?? 0) > 0);
});

test('a lost handshake packet is sent again after one second, and its successor after two', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), server(), lab.tunnels);
  const router = lab.host('router');
  const toClient = deviceNamed(router, 'client');
  if (!toClient) throw new Error('no line to the client');
  const { transmit } = toClient;
  let lost = 0;
  toClient.transmit = (skb, neighbour) => {
    lost += 1;
    if (lost > 2) transmit(skb, neighbour);
  };
  const client = dial(lab.host('client'), dialled(), lab.tunnels);
  lab.pass(2.9);
  const resets = lab.seen.filter(({ at, packet }) => at === 'client net' && packet.payload.length === 14);
  t.deepEqual(
    resets.map(({ time }) => Math.round(time * 10) / 10),
    [0, 1],
  );
  t.deepEqual(client.rounds(), { connected: 0, restarted: 0 });
  lab.pass(2);
  // The third would go when the handshake's time is over; the next try begins, and nothing is lost any more.
  t.deepEqual(client.rounds(), { connected: 1, restarted: 1 });
});

test('keepalive: both sides ping, and a client that misses the pings begins anew; the server waits twice as long', (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server({ keepalive: { interval: 1, timeout: 4 } }), lab.tunnels);
  const client = dial(lab.host('client'), dialled(), lab.tunnels);
  lab.pass(20);
  t.deepEqual(client.rounds(), { connected: 1, restarted: 0 });
  const pings = lab.seen.filter(({ at, packet }) => at === 'client net' && packet.payload.length === 40);
  t.true(pings.length >= 36 && pings.length <= 40, String(pings.length));
  const toClient = deviceNamed(lab.host('router'), 'client');
  const { transmit } = toClient!;
  toClient!.transmit = () => undefined;
  lab.pass(3.5);
  t.deepEqual(client.rounds(), { connected: 1, restarted: 1 });
  toClient!.transmit = transmit;
  lab.pass(6.5);
  t.deepEqual(client.rounds(), { connected: 2, restarted: 1 });
  const answer = client.stop();
  t.false(answer.accepted);
  t.true(says(answer, '[server] Inactivity timeout (--ping-restart), restarting'));
  t.true(says(answer, 'net_addr_v4_del: 10.8.0.2 dev tun0'));
  // While the old instance lives, the client gets another address.
  t.true(says(answer, 'ifconfig 10.8.0.3 255.255.255.0,peer-id 1'));
  lab.pass(9);
  const log = running.said();
  t.is(log.filter((line) => line.includes('[client] Inactivity timeout (--ping-restart), restarting')).length, 2);
  t.true(log.some((line) => line.includes('SIGUSR1[soft,ping-restart] received, client-instance restarting')));
});

test("a client's data is followed to another port, and to no other client's keys", (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server({ keepalive: { interval: 1, timeout: 4 } }), lab.tunnels);
  const client = dial(lab.host('client'), dialled(), lab.tunnels);
  lab.pass(1.5);
  t.is(client.rounds().connected, 1);
  // A NAT that takes another port from now on.
  const router = lab.host('router');
  const toServer = deviceNamed(router, 'one');
  const { transmit } = toServer!;
  toServer!.transmit = (skb, neighbour) => {
    transmit({ ...skb, packet: { ...skb.packet, sourcePort: 61000 } }, neighbour);
  };
  lab.pass(3);
  const log = { said: running.said() };
  t.true(says(log, 'Float requested for peer 0 to 198.51.100.10:61000'));
  t.regex(
    log.said.join('\n'),
    /peer 0 \(client\) floated from 198[.]51[.]100[.]10:\d+ to \[AF_INET\]198[.]51[.]100[.]10:61000/,
  );
  const last = lab.seen.findLast(({ at, direction }) => at === 'server one' && direction === 'out');
  t.is(last?.packet.destinationPort, 61000);
});

test('who comes back from the same port gets no options before 30 seconds have passed, and data by the old uplink', (t) => {
  const lab = twoLines();
  defaultRoute(lab.host('server'), '203.0.114.1', 'two', 253);
  const running = serve(lab.host('server'), server({ binding: { kind: 'multihome' } }), lab.tunnels);
  t.true(lab.ask('client', call()).accepted);
  const begun = lab.network.clock.now;
  // The client was killed; its port and its device are free.
  lab.host('client').sockets.udp.delete(40000);
  const answer = lab.ask('client', call({ server: second, tunnel: 'tun1' }));
  t.false(answer.accepted);
  t.true(says(answer, 'Peer Connection Initiated with [AF_INET]203.0.114.2:1194'));
  t.true(says(answer, 'No reply from server to push requests in 2s'));
  t.true(says({ said: running.said() }, 'TLS: new session incoming connection from [AF_INET]198.51.100.10:40000'));
  lab.pass(begun + 31 - lab.network.clock.now);
  const before = lab.seen.length;
  const late = lab.ask('client', call({ server: second, tunnel: 'tun1' }));
  // Control goes by the new uplink, data by the old one, whose address the client doesn't accept.
  t.true(says(late, 'Initialization Sequence Completed'));
  t.false(late.accepted);
  const out = lab.seen
    .slice(before)
    .filter(({ at, direction }) => at.startsWith('server ') && !at.includes('tun') && direction === 'out');
  const by = (data: boolean): readonly string[] => [
    ...new Set(out.filter(({ packet }) => (packet.payload.length === 108) === data).map(({ at }) => at)),
  ];
  t.deepEqual([by(false), by(true)], [['server two'], ['server one']]);
});

test('over TCP, a client that is refused, or gets no answer, says so', (t) => {
  const refused = twoLines();
  const client = dial(refused.host('client'), dialled({ protocol: 'tcp' }), refused.tunnels);
  refused.pass(0.5);
  t.true(client.rounds().restarted > 1);
  const answer = client.stop();
  t.true(says(answer, 'TCP: connect to [AF_INET]203.0.113.2:1194 failed: Connection refused'));
  t.is(answer.bytes, null);

  const silent = twoLines();
  serve(silent.host('server'), server({ protocol: 'tcp' }), silent.tunnels);
  deviceNamed(silent.host('router'), 'client')!.transmit = () => undefined;
  const other = dial(silent.host('client'), dialled({ protocol: 'tcp' }), silent.tunnels);
  silent.pass(18.5);
  t.deepEqual(other.rounds(), { connected: 0, restarted: 3 });
  const gaveUp = other.stop();
  t.true(says(gaveUp, 'TCP: connect to [AF_INET]203.0.113.2:1194 failed: Connection timed out'));
  t.true(says(gaveUp, 'SIGUSR1[connection failed(soft),connection-failed] received, process restarting'));
  t.is(gaveUp.bytes, null);
});

test('over TCP, a server that ends has its clients begin anew, and one that loses its client forgets it', (t) => {
  const lab = twoLines();
  const tcp = server({ protocol: 'tcp' });
  const running = serve(lab.host('server'), tcp, lab.tunnels);
  const client = dial(lab.host('client'), dialled({ protocol: 'tcp', server: second }), lab.tunnels);
  lab.pass(1);
  t.deepEqual(client.rounds(), { connected: 1, restarted: 0 });
  t.true(says({ said: running.said() }, 'TLS: Initial packet from [AF_INET]198.51.100.10:'));
  running.stop();
  lab.pass(0.005);
  t.is(client.rounds().restarted, 1);
  t.true(client.said().some((line) => line.includes('Connection reset, restarting [0]')));
  const again = serve(lab.host('server'), tcp, lab.tunnels);
  lab.pass(1);
  t.is(client.rounds().connected, 2);
  client.stop();
  lab.pass(1);
  t.true(says({ said: again.said() }, 'SIGUSR1[soft,connection-reset] received, client-instance restarting'));
});

test('a client without a route says so; one whose port is taken ends', (t) => {
  const lab = twoLines();
  const answer = lab.ask('server', call({ server: '203.0.113.2', through: '10.8.0.1', tunnel: 'tun1' }));
  t.false(answer.accepted);
  const router = lab.host('router');
  const lost = dial(router, dialled({ server: '192.0.2.1' }), lab.tunnels);
  lab.pass(0.1);
  t.true(says(lost.stop(), 'write UDPv4 []: Network is unreachable (code=101)'));
  t.true(lost.said().some((line) => line.includes('SIGUSR1[soft,network-unreachable] received')));

  lab.ask('client', call());
  const taken = lab.ask('client', call({ tunnel: 'tun1' }));
  t.false(taken.accepted);
  t.true(says(taken, 'Exiting due to fatal error'));
});

test('a packet from behind the client, from an address that the server knows nothing of, is dropped', (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server(), lab.tunnels);
  t.true(lab.ask('client', call()).accepted);
  const tun = deviceNamed(lab.host('client'), 'tun0');
  const inner = lab.seen.find(({ at, direction }) => at === 'client tun0' && direction === 'out')?.packet;
  t.truthy(inner);
  const stranger = { ...inner!, source: parseIPv4('192.168.10.2') };
  tun!.transmit(
    {
      packet: stranger,
      mark: 0,
      input: null,
      output: tun,
      nexthop: 0,
      connection: null,
      tracking: 'none',
      socket: null,
      trail: null,
    },
    0,
  );
  const before = lab.seen.length;
  lab.pass(0.1);
  t.true(says({ said: running.said() }, 'MULTI: bad source address from client [192.168.10.2], packet dropped'));
  t.false(lab.seen.slice(before).some(({ at }) => at === 'server tun0'));
});
