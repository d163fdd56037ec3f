import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readIp } from '../../src/candidate/commands/ip/read.ts';
import type { Device } from '../../src/model/device.ts';
import { eraOf } from '../../src/model/era.ts';
import { applyRuleset, setUpHost } from '../../src/model/host-setup.ts';
import { deviceNamed, type Host } from '../../src/model/host.ts';
import { receive } from '../../src/model/ip.ts';
import { applyIp } from '../../src/model/machine/apply-ip.ts';
import { buildNetwork } from '../../src/model/network.ts';
import { protocols, type Packet } from '../../src/model/packet.ts';
import { formatIPv4, parseIPv4 } from '../../src/net/address.ts';
import threeIsps from '../topologies/three-isps.ts';
import { median, print } from './measure.ts';

/** What grows, how far, and what to do to a router to have it so. */
interface Growth {
  readonly what: string;
  readonly sizes: readonly number[];
  readonly grow: (router: Router, size: number) => void;
  /** The packets that are sent then: the `index`th of so many different ones. */
  readonly packet: (index: number) => Packet;
  /** How many different packets there are with so much of it. */
  readonly different: (size: number) => number;
}

const [client, server] = [parseIPv4('198.51.100.10'), parseIPv4('203.0.113.2')];

const growths: readonly Growth[] = [
  {
    what: 'policy rules',
    sizes: [1, 10, 100, 1000],
    grow: ({ ip }, size) => {
      ip(range(size).map((index) => `rule add priority 1000 from ${formatIPv4(nets + index * 256)}/24 lookup 7`));
    },
    packet: () => datagram(client, server, 40000),
    different: () => 1,
  },
  {
    what: 'nftables rules',
    sizes: [1, 10, 100, 1000],
    grow: ({ host }, size) => {
      const rules = range(size).map((index) => `ip saddr ${formatIPv4(nets + index * 256)}/24 counter drop`);
      const chain = `chain forward { type filter hook forward priority filter;\n${rules.join('\n')}\n}`;
      applyRuleset(host, `table ip filter {\n${chain}\n}\n`);
    },
    packet: () => datagram(client, server, 40000),
    different: () => 1,
  },
  {
    what: 'routes',
    sizes: [10, 100, 1000, 10_000, 100_000],
    grow: ({ ip }, size) => {
      ip(range(size).map((index) => `route add ${formatIPv4(netOf(index))}/${lengthOf(index)} via 192.0.2.2`));
    },
    packet: (index) => datagram(client, netOf(index) + 1, 40000),
    different: (size) => size,
  },
  {
    what: 'tracked connections',
    sizes: [10, 1000, 100_000, 1_000_000],
    grow: ({ host, pass }, size) => {
      applyRuleset(
        host,
        'table ip filter { chain forward { type filter hook forward priority filter; ct state new accept; }; }',
      );
      for (let index = 0; index < size; index++) pass(connectionPacket(index));
    },
    packet: connectionPacket,
    different: (size) => size,
  },
];

/** Where the networks begin that are none of the topology's: 10.0.0.0. */
const nets = parseIPv4('10.0.0.0');

/** Different prefixes from /24 to /16, as many of each as its length leaves room for: half of them /24. */
function lengthOf(index: number): number {
  const zeros = 31 - Math.clz32((index + 1) & -(index + 1));
  return 24 - Math.min(zeros, 8);
}
function netOf(index: number): number {
  return nets + (index + 1) * 256;
}

/** A datagram of one of a million clients, each of which has but one port. */
function connectionPacket(index: number): Packet {
  return datagram(nets + index, server, 1024 + (index % 60_000));
}

function datagram(source: number, destination: number, sourcePort: number): Packet {
  return {
    source,
    destination,
    protocol: protocols.udp,
    tos: 0,
    ttl: 64,
    sourcePort,
    destinationPort: 5000,
    icmp: null,
    tcp: null,
    payload,
    socketHash: null,
    identity: 1,
  };
}

const payload = { length: 64 };

interface Router {
  readonly host: Host;
  /** `ip -batch`. */
  readonly ip: (lines: readonly string[]) => void;
  /** Has a packet come in from the client's side. It has to go on to isp1, or it is an error. */
  readonly pass: (packet: Packet) => void;
}

/** The host `internet` of three-isps, without its neighbours: what it passes on goes nowhere. */
function createRouter(): Router {
  const topology = threeIsps();
  const options = { era: eraOf('6.18'), seed: 1, record: () => undefined, trailOf: null, delay: 0 };
  const network = buildNetwork(topology, options);
  const host = network.hosts.get('internet');
  const [input, output] = ['cgnat', 'isp1'].map((name): Device | null => (host ? deviceNamed(host, name) : null));
  const description = topology.hosts.find(({ name }) => name === 'internet');
  if (!host || !description || !input || !output) throw new Error('three-isps has no router called internet');
  setUpHost(topology, description, host, 'kernel', 1);
  let passed = 0;
  output.transmit = () => {
    passed += 1;
  };
  return {
    host,
    ip: (lines) => {
      const at = { file: 'batch', line: 1, column: 1 };
      const words = ['ip', '-batch', '-'].map((text) => ({ text, at }));
      for (const placed of readIp(words, { text: lines.join('\n'), at })) {
        const { status, stderr } = applyIp(network, host, placed, true);
        if (status !== 0) throw new Error(`the router's ip failed: ${stderr}`);
      }
    },
    pass: (packet) => {
      const before = passed;
      receive(host, input, packet);
      if (passed === before)
        throw new Error(`the router did not pass on a packet to ${formatIPv4(packet.destination)}`);
    },
  };
}

const range = (size: number): readonly number[] => Array.from({ length: size }, (_, index) => index);

/** Milliseconds of processor time that a spell takes at least, and spells of which the middle one counts. */
const [spell, spells] = [50, 9] as const;

/** Milliseconds that this program has had the processor for: what else the machine does has no part in it. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Microseconds that a packet takes, each time another one of all there are, in an order that no cache is prepared for. */
function costOf({ pass }: Router, { packet, different }: Growth, size: number): number {
  const count = different(size);
  let at = 0;
  const one = (): number => {
    const start = processorTime();
    for (let sent = 100; ; sent += 100) {
      for (let each = 0; each < 100; each++) {
        at = (at * 1_664_525 + 1_013_904_223) % 2 ** 32;
        pass(packet(at % count));
      }
      const taken = processorTime() - start;
      if (taken >= spell) return (taken / sent) * 1000;
    }
  };
  for (let warming = 0; warming < 5; warming++) one();
  return median(range(spells).map(one));
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use, after everything else is gone. */
function memory(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What a packet costs a router on the model, as what the router has to know of grows. */
export function measureGrowth(): void {
  for (const growth of growths) {
    const [least = NaN] = growth.sizes;
    // With the second router, code that was compiled for the first alone is compiled anew.
    for (const size of [least, least * 10]) measure(growth, size);
    const costs = growth.sizes.map((size) => ({ size, ...measure(growth, size) }));
    const rows = costs.map(({ size, packet, making, bytes }) => [
      size.toLocaleString('en'),
      `${packet.toFixed(2)} µs`,
      (packet / (costs[0]?.packet ?? NaN)).toFixed(2),
      `${making.toFixed(1)} µs`,
      size < 1000 ? '' : `${Math.round(bytes)} bytes`,
    ]);
    print(
      [growth.what, 'a packet', 'ratio', 'making one', 'memory for one'],
      rows,
      `Processor time of a packet that one router passes on: medians of ${spells} spells of ${spell} ms.`,
    );
  }
}

interface Cost {
  /** Microseconds that a packet takes, and that it takes to make one of what grows. */
  readonly packet: number;
  readonly making: number;
  /** Of memory, for one of what grows. */
  readonly bytes: number;
}

function measure(growth: Growth, size: number): Cost {
  const router = createRouter();
  const before = memory();
  const start = processorTime();
  growth.grow(router, size);
  const making = ((processorTime() - start) / size) * 1000;
  const bytes = (memory() - before) / size;
  return { packet: costOf(router, growth, size), making, bytes };
}
