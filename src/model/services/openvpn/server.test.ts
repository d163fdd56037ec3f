import test from 'ava';
import type { OpenVpnServer } from '../../../backend/service.ts';
import { parseIPv4 } from '../../../net/address.ts';
import { deviceNamed } from '../../host.ts';
import { openUdp, sendUdp } from '../../sockets/udp.ts';
import { dial } from '../openvpn.ts';
import { serve } from '../program.ts';
import { defaultRoute, twoLines } from '../testing.ts';
import { call, dialled, first, noScript, says, second, sentBy, server, sizes } from './testing.ts';
import { payloadOf } from './wire.ts';

/* What is expected was read in the logs and captures of OpenVPN 2.6.14. */

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

test('keepalive: both sides ping, and a client that misses the pings begins anew; the server waits twice as long', (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server({ keepalive: { interval: 1, timeout: 4 } }), lab.tunnels);
  const client = dial(lab.host('client'), dialled(), lab.tunnels, noScript);
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
  const gone = log.filter((line) => line.includes('Inactivity timeout')).map((line) => Number.parseFloat(line));
  // The client's last ping came a moment before it gave up, at 23 s; eight seconds later, it has gone.
  t.true((gone[0] ?? 0) > 29.9 && (gone[0] ?? 0) < 31.1, String(gone));
  t.true(log.some((line) => line.includes('SIGUSR1[soft,ping-restart] received, client-instance restarting')));
});

test("a client's data is followed to another port", (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server({ keepalive: { interval: 1, timeout: 4 } }), lab.tunnels);
  const client = dial(lab.host('client'), dialled(), lab.tunnels, noScript);
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
  t.true(says(answer, 'No reply from server to push requests in 3s'));
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

test('over TCP, a server that ends has its clients begin anew, and one that loses its client forgets it', (t) => {
  const lab = twoLines();
  const tcp = server({ protocol: 'tcp' });
  const running = serve(lab.host('server'), tcp, lab.tunnels);
  const client = dial(lab.host('client'), dialled({ protocol: 'tcp', server: second }), lab.tunnels, noScript);
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
      toSelf: false,
      toAll: false,
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
test('a handshake whose packets come from changing ports begins no instance', (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server(), lab.tunnels);
  const [toServer, toClient] = ['one', 'client'].map((name) => deviceNamed(lab.host('router'), name)!);
  const [transmitOut, transmitBack] = [toServer!.transmit, toClient!.transmit];
  let [own, port] = [0, 50000];
  toServer!.transmit = (skb, neighbour) => {
    own = skb.packet.sourcePort;
    port += 1;
    transmitOut({ ...skb, packet: { ...skb.packet, sourcePort: port } }, neighbour);
  };
  toClient!.transmit = (skb, neighbour) => {
    transmitBack({ ...skb, packet: { ...skb.packet, destinationPort: own } }, neighbour);
  };
  const client = dial(lab.host('client'), dialled(), lab.tunnels, noScript);
  lab.pass(2.9);
  // The client has its answer, and says hello again and again.
  t.true(client.said().some((line) => line.includes('TLS: Initial packet from')));
  t.is(sizes(lab, 'out').filter((length) => length === 303).length, 2);
  t.false(says({ said: running.said() }, 'multi_create_instance'));
});

test("data that isn't encrypted with the session's keys is nobody's: no float for the server, no packet for the client", (t) => {
  const lab = twoLines();
  const running = serve(lab.host('server'), server(), lab.tunnels);
  t.true(lab.ask('client', call()).accepted);
  const socket = openUdp(lab.host('client'), { receive: () => undefined })!;
  const forged = payloadOf({ kind: 'data', peer: 0, keys: 'others', packet: null });
  sendUdp(lab.host('client'), socket, forged, { address: parseIPv4(first), port: 1194 });
  lab.pass(0.1);
  t.true(says({ said: running.said() }, 'Float requested for peer 0'));
  t.false(says({ said: running.said() }, 'floated'));

  const toClient = deviceNamed(lab.host('router'), 'client')!;
  const { transmit } = toClient;
  toClient.transmit = (skb, neighbour) => {
    const content = skb.packet.payload.content as object | undefined;
    const payload = {
      ...skb.packet.payload,
      content: { ...content, ...(content && 'keys' in content && { keys: 'others' }) },
    };
    transmit({ ...skb, packet: { ...skb.packet, payload } }, neighbour);
  };
  const answer = lab.ask('client', call({ sourcePort: 40001, tunnel: 'tun1' }));
  t.true(says(answer, 'Initialization Sequence Completed'));
  t.false(answer.accepted);
});

test('a server that has one address for its clients gives it to who connects', (t) => {
  const lab = twoLines();
  serve(lab.host('server'), server({ clientAddress: '10.8.0.9' }), lab.tunnels);
  const one = lab.ask('client', call());
  t.true(one.accepted);
  t.true(says(one, 'ifconfig 10.8.0.9 255.255.255.0,peer-id 0'));
});
