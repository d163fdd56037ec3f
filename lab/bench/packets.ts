import { which } from 'zx';
import { buildNetwork as buildNamespaces } from '../../src/kernel/network.ts';
import { openSandbox, type Sandbox } from '../../src/kernel/sandbox.ts';
import { eraOf } from '../../src/model/era.ts';
import { addStaticRoute, setUpHost } from '../../src/model/host-setup.ts';
import { buildNetwork } from '../../src/model/network.ts';
import { openUdp, sendUdp } from '../../src/model/sockets/udp.ts';
import { parseIPv4 } from '../../src/net/address.ts';
import threeIsps from '../topologies/three-isps.ts';
import { median, print, takeTurns } from './measure.ts';

const topology = threeIsps();
const [server, gateway, port] = ['203.0.113.2', '203.0.113.1', 5000] as const;
/** Bytes of each datagram's content. */
const size = 64;
const rounds = 9;
/** How long each round sends on the kernel, in seconds, and how much on the model. */
const [seconds, datagrams] = [1, 200_000] as const;

/**
 * Datagrams from client to server, by cgnat, internet and isp1, as fast as they go: how many of them a second the server's
 * program gets, on the model and on the kernel. Nothing is recorded, on either.
 */
export async function comparePackets(): Promise<void> {
  const sandbox = await openSandbox();
  try {
    await buildNamespaces(sandbox, topology, { profile: 'kernel', seed: 1, tunnels: {} });
    // The answers of iperf3's server, about how much came.
    await sandbox.run('routing answers', 'server', ['ip', 'route', 'add', 'default', 'via', gateway]);
    const hasIperf = (await which('iperf3', { nothrow: true })) !== null;
    const modelled = modelSender();
    const rates = await takeTurns(rounds, {
      'the model': () => Promise.resolve(modelled()),
      'the kernel, sent by socat': () => bySocat(sandbox),
      ...(hasIperf && { 'the kernel, sent by iperf3': () => byIperf(sandbox) }),
    });
    const [reference = NaN] = [...rates.values()].map(median);
    const rows = [...rates].map(([name, values]) => [
      name,
      Math.round(median(values)).toLocaleString('en'),
      (median(values) / reference).toFixed(2),
    ]);
    const missing = hasIperf ? '' : ' iperf3 is not installed (apt-get install iperf3): not compared.';
    print(
      ['', 'packets a second', 'ratio'],
      rows,
      `UDP with ${size} bytes, received by the server's program across three routers; medians of ${rounds} rounds, in turn.${missing}`,
    );
  } finally {
    await sandbox.close();
  }
}

/** Returns what sends one round. */
function modelSender(): () => number {
  const options = { era: eraOf('6.18'), seed: 1, record: () => undefined, trailOf: null, delay: 0.000_02 };
  const network = buildNetwork(topology, options);
  const hostOf = (name: string) => {
    const host = network.hosts.get(name);
    if (!host) throw new Error(`there is no host ${name}`);
    return host;
  };
  for (const host of topology.hosts) setUpHost(topology, host, hostOf(host.name), 'kernel', 1);
  addStaticRoute(hostOf('server'), 'default', gateway);
  const { clock } = network;
  let came = 0;
  openUdp(hostOf('server'), {
    port,
    receive: () => {
      came += 1;
    },
  });
  const sender = openUdp(hostOf('client'), { port: 40000, receive: () => undefined });
  if (!sender) throw new Error('the client has no socket');
  const to = { address: parseIPv4(server), port };
  const payload = { length: size };
  return () => {
    came = 0;
    let left: number = datagrams;
    const send = (): void => {
      sendUdp(hostOf('client'), sender, payload, to);
      left -= 1;
      // Eight packets are on their way at any time.
      if (left > 0) clock.after(0.000_01, send);
    };
    const start = performance.now();
    send();
    while (clock.step());
    const milliseconds = performance.now() - start;
    if (came !== datagrams) throw new Error(`expected ${datagrams} datagrams on the model, got ${came}`);
    return (came / milliseconds) * 1000;
  };
}

/** socat reads /dev/zero, and sends what it has read. The kernel counts what another one has received. */
async function bySocat(sandbox: Sandbox): Promise<number> {
  const receiver = sandbox.launch('server', [
    'socat',
    '-dd',
    '-u',
    `UDP4-RECV:${port},rcvbuf=4000000`,
    'OPEN:/dev/null',
  ]);
  await receiver.says(/starting data transfer loop/, 10);
  const before = await receivedBy(sandbox);
  const start = performance.now();
  const words = ['timeout', String(seconds), 'socat', '-u', '-b', String(size), 'OPEN:/dev/zero'];
  await sandbox.attempt('client', [...words, `UDP4-DATAGRAM:${server}:${port}`]);
  const milliseconds = performance.now() - start;
  const came = (await receivedBy(sandbox)) - before;
  await receiver.stop();
  if (came === 0) throw new Error('nothing of what socat sent has come to the server');
  return (came / milliseconds) * 1000;
}

/** UdpInDatagrams: what the host's programs have read. */
async function receivedBy(sandbox: Sandbox): Promise<number> {
  const text = await sandbox.run('reading counters', 'server', ['grep', '^Udp: [0-9]', '/proc/net/snmp']);
  return Number(text.split(' ')[1]);
}

async function byIperf(sandbox: Sandbox): Promise<number> {
  const receiver = sandbox.launch('server', ['iperf3', '--server', '--one-off', '--forceflush']);
  await receiver.says(/Server listening/, 10);
  const words = ['iperf3', '--client', server, '--udp', '--bandwidth', '0', '--length', String(size)];
  const text = await sandbox.run('iperf3', 'client', [...words, '--time', String(seconds), '--json']);
  await receiver.ended;
  const { end } = JSON.parse(text) as { end: { sum: { seconds: number; packets: number; lost_packets: number } } };
  return (end.sum.packets - end.sum.lost_packets) / end.sum.seconds;
}
