import test from 'ava';
import { formatIPv4 } from '../../../net/address.ts';
import { deviceNamed } from '../../host.ts';
import { dial } from '../openvpn.ts';
import { serve } from '../program.ts';
import { twoLines } from '../testing.ts';
import { call, dialled, first, noScript, says, second, sentBy, server, sizes } from './testing.ts';

/* What is expected was read in the logs and captures of OpenVPN 2.6.14. */

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
  t.deepEqual(answer.bytes, { received: 52, sent: 28 });
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

test('if nothing comes back, a client begins anew after its hand-window, from another port', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), server(), lab.tunnels);
  lab.host('server').routeGeneration += 1;
  const blackhole = deviceNamed(lab.host('router'), 'client');
  if (blackhole) blackhole.transmit = () => undefined;
  const client = dial(lab.host('client'), dialled(), lab.tunnels, noScript);
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
  const client = dial(lab.host('client'), dialled(), lab.tunnels, noScript);
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

test('over TCP, a client that is refused, or gets no answer, says so', (t) => {
  const refused = twoLines();
  const client = dial(refused.host('client'), dialled({ protocol: 'tcp' }), refused.tunnels, noScript);
  refused.pass(0.5);
  t.true(client.rounds().restarted > 1);
  const answer = client.stop();
  t.true(says(answer, 'TCP: connect to [AF_INET]203.0.113.2:1194 failed: Connection refused'));
  t.is(answer.bytes, null);

  const silent = twoLines();
  serve(silent.host('server'), server({ protocol: 'tcp' }), silent.tunnels);
  deviceNamed(silent.host('router'), 'client')!.transmit = () => undefined;
  const other = dial(silent.host('client'), dialled({ protocol: 'tcp' }), silent.tunnels, noScript);
  silent.pass(18.5);
  t.deepEqual(other.rounds(), { connected: 0, restarted: 3 });
  const gaveUp = other.stop();
  t.true(says(gaveUp, 'TCP: connect to [AF_INET]203.0.113.2:1194 failed: Connection timed out'));
  t.true(says(gaveUp, 'SIGUSR1[connection failed(soft),connection-failed] received, process restarting'));
  t.is(gaveUp.bytes, null);
});

test('a client without a route says so; one whose port is taken ends', (t) => {
  const lab = twoLines();
  const answer = lab.ask('server', call({ server: '203.0.113.2', through: '10.8.0.1', tunnel: 'tun1' }));
  t.false(answer.accepted);
  const router = lab.host('router');
  const lost = dial(router, dialled({ server: '192.0.2.1' }), lab.tunnels, noScript);
  lab.pass(0.1);
  t.true(says(lost.stop(), 'write UDPv4 []: Network is unreachable (code=101)'));
  t.true(lost.said().some((line) => line.includes('SIGUSR1[soft,network-unreachable] received')));

  lab.ask('client', call());
  const taken = lab.ask('client', call({ tunnel: 'tun1' }));
  t.false(taken.accepted);
  t.true(says(taken, 'Exiting due to fatal error'));
});

test('the script of --up is run each time the tunnel comes up, when the device has its address', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), server(), lab.tunnels);
  const ran: unknown[] = [];
  const client = dial(
    lab.host('client'),
    dialled({ up: '/etc/up.sh' }),
    lab.tunnels,
    (script, { dev, ifconfig_local }) => {
      const device = deviceNamed(lab.host('client'), 'tun0');
      ran.push([script, dev, ifconfig_local, device?.addresses.length, client.rounds().connected]);
    },
  );
  lab.pass(1);
  t.deepEqual(ran, [['/etc/up.sh', 'tun0', '10.8.0.2', 1, 0]]);
  t.is(client.rounds().connected, 1);
});
