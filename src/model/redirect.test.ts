import test from 'ava';
import { readIp } from '../candidate/commands/ip/read.ts';
import { formatIPv4, parseIPv4 } from '../net/address.ts';
import type { End, Topology } from '../topology/topology.ts';
import { eraOf } from './era.ts';
import type { Host } from './host.ts';
import { applyIp } from './machine/apply-ip.ts';
import { buildNetwork } from './network.ts';
import { openEchoSocket } from './services/echo-request.ts';
import { closeUdp, openUdp, sendUdp } from './sockets/udp.ts';

/** A client, the gateway that it knows, and the one that is nearer to 203.0.113.9, on one link. */
const ends: readonly End[] = [
  { host: 'client', interface: 'eth0', addresses: ['10.0.0.2/24'] },
  { host: 'near', interface: 'eth0', addresses: ['10.0.0.1/24'] },
  { host: 'better', interface: 'eth0', addresses: ['10.0.0.3/24'] },
];
const lan: Topology = {
  ...{ name: 'lan', title: 'Two gateways on one link', links: [{ ends: [...ends] as [End, End, End] }] },
  hosts: ends.map(({ host }) => ({ name: host, forwarding: host === 'near', routes: [] })),
  server: { host: 'client', uplinks: [] },
};
const far = '203.0.113.9';

function network(release = '6.18.44') {
  const [crossed, said]: [string[], string[]] = [[], []];
  const made = buildNetwork(lan, {
    ...{ era: eraOf(release), seed: 1, delay: 0.001 },
    record: (host, _device, direction, packet) => {
      if (packet.protocol === 'arp' || direction === 'in') return;
      const type = packet.icmp?.type === 5 ? `redirect to ${formatIPv4(packet.icmp.gateway ?? 0)}` : 'packet';
      crossed.push(`${host.name}: ${type}`);
    },
    trailOf: (host) => (stage, text) => {
      if (stage === 'icmp' || text.startsWith('redirected')) said.push(`${host.name}: ${text}`);
    },
  });
  const { clock } = made;
  const host = (name: string): Host => made.hosts.get(name)!;
  const ip = (name: string, line: string): string => {
    const words = ['ip', ...line.split(' ')].map((text) => ({ text, at: { file: 'line', line: 1, column: 1 } }));
    const { status, stdout, stderr } = applyIp(made, host(name), readIp(words, null)[0]!, false);
    return status === 0 ? stdout : stderr;
  };
  ip('client', 'route add default via 10.0.0.1');
  ip('near', 'route add 203.0.113.0/24 via 10.0.0.3');
  ip('better', 'address add 203.0.113.9/32 dev lo');
  host('near').sysctls.write('ipv4.ip_forward', 1);
  const pass = (seconds: number): void => {
    const until = clock.now + seconds;
    clock.after(seconds, () => undefined);
    while (clock.next !== null && clock.next <= until) clock.step();
  };
  const ping = (seconds = 1): void => {
    const socket = openEchoSocket(host('client'), 7, null, () => undefined);
    socket.send(parseIPv4(far), 1);
    pass(seconds);
    socket.close();
  };
  /** What `ip route get` says on the client, in one line. */
  const get = (): string => ip('client', `route get ${far}`).replaceAll(/\s+/g, ' ').trim();
  return { host, ip, pass, ping, get, crossed, said };
}

const plain = `${far} via 10.0.0.1 dev eth0 src 10.0.0.2 uid 0 cache`;
const redirected = `${far} via 10.0.0.3 dev eth0 src 10.0.0.2 uid 0 cache <redirected> expires 299sec`;

// Each step, as Linux 6.18.44 answered it.
test('a redirect holds for a nexthop, whichever route leads by it, until no route does', (t) => {
  const { ip, ping, get } = network();
  const steps: string[] = [];
  const after = (...lines: readonly string[]): void => {
    for (const line of lines) ip('client', line);
    steps.push(get());
  };
  ping();
  after();
  ping();
  after();
  after('route replace default via 10.0.0.1');
  after('route add 192.0.2.0/24 via 10.0.0.1');
  after('route add 203.0.113.0/24 via 10.0.0.1');
  after('route delete 203.0.113.0/24', 'route add 203.0.113.0/24 via 10.0.0.1 metric 5');
  after('route delete 203.0.113.0/24', 'route flush cache');
  ping();
  after();
  after('route delete default', 'route add default via 10.0.0.1');
  after('route delete default', 'route delete 192.0.2.0/24', 'route add default via 10.0.0.1');
  const [first, second, itself, other, closer, metric, flushed, third, shared, again] = steps;
  // The first has the new gateway asked for on the link.
  t.deepEqual([first, metric, flushed, again], [plain, plain, plain, plain]);
  const expected = redirected.replace('299', '(299|300)');
  for (const each of [second, itself, other, closer, third, shared]) t.regex(each!, RegExp(expected));
});

test('it lasts for five minutes', (t) => {
  const { ping, pass, get } = network();
  ping();
  ping(0.5);
  pass(200);
  t.regex(get(), /expires 99sec$/);
  pass(99);
  t.regex(get(), /<redirected> expires 0sec$/);
  pass(1);
  t.is(get(), plain);
});

test('who was told, and who heeded it, is on the trail', (t) => {
  const { ping, said, crossed } = network();
  ping();
  ping();
  const told = 'near: the sender is told: ICMP type 5, code 1, to go by 10.0.0.3';
  t.deepEqual(
    said.filter((text) => /told|redirect/.test(text)),
    [
      told,
      'client: the redirect to 10.0.0.3 has it asked for on the link first',
      told,
      `client: redirected: ${far} is reached by 10.0.0.3 from now on`,
    ],
  );
  crossed.length = 0;
  ping();
  t.deepEqual(crossed, ['client: packet', 'better: packet']);
  t.is(said.at(-2), 'client: redirected: 10.0.0.3 in place of via 10.0.0.1 dev eth0');
});

// The kernel's documentation tells the sysctls; how often, net/ipv4/route.c (ip_rt_redirect_number, _load and _silence).
test('who does not listen is told nine times, and anew once it has been silent for 20 s', (t) => {
  const { host, ping, pass, crossed, said } = network();
  for (const name of ['all', 'eth0']) host('client').sysctls.write(`ipv4.conf.${name}.accept_redirects`, 0);
  const told = (): number => crossed.filter((text) => text === 'near: redirect to 10.0.0.3').length;
  for (let count = 0; count < 40; count += 1) ping();
  t.is(told(), 9);
  t.true(said.includes('client: the redirect to 10.0.0.3 is not heeded: accept_redirects is 0 on eth0'));
  pass(19);
  ping();
  t.is(told(), 9);
  pass(20);
  ping();
  t.is(told(), 10);
});

test('it is heeded by a socket alone: a redirect for what nobody has sent is not', (t) => {
  const { host, pass, get, said } = network();
  const client = host('client');
  const call = (): ReturnType<typeof openUdp> => {
    const socket = openUdp(client, { port: 4000, receive: () => undefined });
    sendUdp(client, socket!, { length: 10 }, { address: parseIPv4(far), port: 9 });
    return socket;
  };
  closeUdp(client, call()!);
  pass(1);
  t.true(said.includes('client: a redirect for what nobody here has sent is not heeded'));
  // The better gateway is known when the second redirect comes.
  for (let count = 0; count < 2; count += 1) {
    const socket = call();
    pass(1);
    closeUdp(client, socket!);
  }
  t.regex(get(), /^203.0.113.9 via 10.0.0.3 .* <redirected>/);
});

test('before 3.6 the route cache has it, until anything changes', (t) => {
  const { ip, ping, crossed, get } = network('3.2');
  ping();
  ping();
  crossed.length = 0;
  ping();
  t.deepEqual(crossed, ['client: packet', 'better: packet']);
  ip('client', 'route add 192.0.2.0/24 via 10.0.0.1');
  t.is(get(), plain);
});

test('a gateway that would redirect says so', (t) => {
  const { ip } = network();
  const line = ip('near', `route get ${far} from 10.0.0.2 iif eth0`).replaceAll(/\s+/g, ' ').trim();
  t.is(line, `${far} from 10.0.0.2 via 10.0.0.3 dev eth0 cache <redirect> iif eth0`);
});
