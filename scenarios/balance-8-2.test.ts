import test from 'ava';
import { nothingDropped } from '../src/scenario/sample-walk.ts';
import type { Crossing } from '../src/backend/crossing.ts';
import { hashL3, hashL4, selectNexthop, upperBounds } from '../src/model/multipath.ts';
import { parseIPv4 } from '../src/net/address.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { fakeLab } from '../src/scenario/fake-lab.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import scenario from './balance-8-2.ts';

const seed = 3;
const uplinks = ['ppp0', 'ppp1'];
const lineAddresses = ['203.0.113.2', '203.0.114.77'];
const sources: Readonly<Record<string, number>> = { server: 0, desktop: parseIPv4('192.168.2.100') };
const bounds = upperBounds([8, 2].map((weight) => ({ weight, alive: true })));

/** A packet that leaves the server: 0 is the line ppp0, 1 is ppp1. */
interface Sent {
  readonly host: string;
  readonly destination: string;
  readonly kind: 'ping' | 'datagram' | 'transfer';
  readonly sourcePort?: number;
  /** How often this destination was pinged before. */
  readonly before?: number;
}

/** The line that a Linux of today gives to a packet; a transfer's port plays no part, for only policy 0 has transfers. */
function rightLine({ host, destination, kind, sourcePort = 0 }: Sent, policy: number): number {
  const addresses = { source: sources[host]!, destination: parseIPv4(destination) };
  if (policy === 0) return selectNexthop(bounds, hashL3(addresses, seed))!;
  const ping = { protocol: 1, sourcePort: 0, destinationPort: host === 'server' ? 0x0800 : 0 };
  const datagram = { protocol: 17, sourcePort, destinationPort: 4000 };
  return selectNexthop(bounds, hashL4({ ...addresses, ...(kind === 'ping' ? ping : datagram) }, seed))!;
}

interface World {
  readonly line?: (sent: Sent, right: number) => number;
  /** The address that packets of a line have at its ISP. */
  readonly address?: (line: number) => string;
  readonly lost?: (sent: Sent) => boolean;
  readonly silent?: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly seeded?: boolean;
  readonly whole?: boolean;
  /** Bytes of an answer, by what was asked for. */
  readonly answer?: (chunks: number) => number;
}

async function carryThrough(policy: 0 | 1, world: World = {}): Promise<readonly StatementResult[]> {
  const trial = scenario.trials[policy]!;
  const crossings: Crossing[] = [];
  const pinged = new Map<string, number>();
  const send = (sent: Sent, port?: number, answerBytes = 0): void => {
    if (world.lost?.(sent)) return;
    const right = rightLine(sent, policy);
    const line = world.line?.(sent, right) ?? right;
    const address = world.address?.(line) ?? lineAddresses[line]!;
    const [source, destination] = [
      sent.sourcePort === undefined ? address : `${address}:${sent.sourcePort}`,
      port === undefined ? sent.destination : `${sent.destination}:${port}`,
    ];
    const protocol = { ping: 'icmp', datagram: 'udp', transfer: 'tcp' } as const;
    const place = { time: 1, host: ['isp1', 'isp2'][line]!, interface: 'server', summary: '', identity: '' };
    const packet = { ...place, protocol: protocol[sent.kind] };
    crossings.push({ ...packet, direction: 'in', source, destination, bytes: 60 });
    if (answerBytes > 0)
      crossings.push({ ...packet, direction: 'out', source: destination, destination: source, bytes: answerBytes });
  };
  const lab = fakeLab(trial.topology, {
    seeded: world.seeded ?? true,
    sysctl: (_host, name) => Promise.resolve(world.sysctls?.[name] ?? String(name.endsWith('policy') ? policy : seed)),
    scatter: (host, { destination, port, sourcePorts }) => {
      for (const sourcePort of sourcePorts) send({ host, destination, kind: 'datagram', sourcePort }, port);
      return Promise.resolve();
    },
    sweep: (host, destinations) => {
      for (const destination of destinations) {
        const before = pinged.get(destination) ?? 0;
        pinged.set(destination, before + 1);
        send({ host, destination, kind: 'ping', before });
      }
      return Promise.resolve(world.silent ?? []);
    },
    serve: () => Promise.resolve({ said: () => Promise.resolve([]), stop: () => Promise.resolve() }),
    route: (_host, destination) =>
      Promise.resolve(uplinks[rightLine({ host: 'desktop', destination, kind: 'ping' }, 0)]!),
    request: (host, request) => {
      if (request.kind !== 'stream') throw new Error('no transfer');
      const { server: destination, port, sourcePort, chunks } = request;
      send({ host, destination, kind: 'transfer', sourcePort }, port, world.answer?.(chunks) ?? chunks * 1000);
      return Promise.resolve({ accepted: world.whole ?? true, said: [], bytes: null });
    },
    evidence: () => Promise.resolve({ crossings, until: 1000, ...nothingDropped }),
  });
  const candidate = await loadCandidate(trial.candidate);
  const checks = await scenario.run(lab, trial, { candidate, release: '6.18.0', seed });
  return checks.filter((check) => check.kind === 'statement');
}

const failed = (checks: readonly StatementResult[]) => checks.filter(({ ok }) => !ok).map(({ name }) => name);
const each = (...names: readonly string[]) =>
  ['server', 'desktop'].flatMap((host) => names.map((name) => `${host}: ${name}`));
const share = 'destinations by ppp0, weight 8 of 10 (99.9999 % of all seeds)';
const kept = 'destinations that did not keep to one line, 256 of them asked twice';
const transfers = 'transfers counted at the ISPs';
const heavy = 'bytes of theirs by the line with 8 of 10';

for (const policy of [0, 1] as const) {
  const ports = `lines that 128 ports use to one destination, under policy ${policy}`;
  const [byHash, portsByHash] = ['pings by the line that SipHash says', 'datagrams by the line that SipHash says'];

  test(`policy ${policy}: what a Linux of today does passes, by the kernel's word too`, async (t) => {
    const checks = await carryThrough(policy);
    t.is(checks.length, policy === 0 ? 23 : 19);
    t.deepEqual(failed(checks), []);
    const unseeded = await carryThrough(policy, { seeded: false });
    t.is(unseeded.length, checks.length - 5);
    t.deepEqual(failed(unseeded), []);
  });

  test(`policy ${policy}: all by one line, or half by half, fails`, async (t) => {
    for (const line of [() => 0, (sent: Sent) => parseIPv4(sent.destination) % 2]) {
      const checks = failed(await carryThrough(policy, { line: (sent) => line(sent) }));
      for (const name of each(share, byHash)) t.true(checks.includes(name), name);
      t.is(checks.includes(transfers), policy === 0);
    }
  });

  test(`policy ${policy}: ports that share a line, or don't, are told apart`, async (t) => {
    const other = await carryThrough(policy, {
      line: (sent, right) => (sent.kind !== 'datagram' ? right : policy === 1 ? 0 : (sent.sourcePort ?? 0) % 2),
    });
    t.deepEqual(failed(other).sort(), each(ports, portsByHash).sort());
  });

  test(`policy ${policy}: a destination that changes its line is counted`, async (t) => {
    const checks = await carryThrough(policy, {
      line: ({ destination, before }, right) => (destination === '198.18.0.16' && before === 1 ? 1 - right : right),
    });
    t.deepEqual(failed(checks).sort(), [`server: ${byHash}`, `server: ${kept}`].sort());
    t.is(checks.find(({ name }) => name === `server: ${kept}`)?.found, '1');
  });

  test(`policy ${policy}: what is missing is missed`, async (t) => {
    const ping = await carryThrough(policy, { lost: ({ destination }) => destination === '198.18.0.1' });
    t.deepEqual(failed(ping), [`server: packets counted at the ISPs`, `server: ${kept}`]);
    const datagram = await carryThrough(policy, { lost: ({ sourcePort }) => sourcePort === 30007 });
    t.deepEqual(failed(datagram), ['desktop: datagrams counted at the ISPs']);
    const answer = await carryThrough(policy, { silent: ['198.18.0.1'] });
    t.deepEqual(failed(answer), each('pings answered'));
  });

  test(`policy ${policy}: packets with the other line's address, and other sysctls, fail`, async (t) => {
    const foreign = await carryThrough(policy, { address: (line) => lineAddresses[1 - line]! });
    t.deepEqual(failed(foreign), ["packets with another source than their line's address"]);
    for (const name of ['net.ipv4.fib_multipath_hash_policy', 'net.ipv4.fib_multipath_hash_seed']) {
      t.deepEqual(failed(await carryThrough(policy, { sysctls: { [name]: '7' } })), [`precondition: ${name}`]);
    }
  });
}

test('transfers: not whole, by other lines, or as many bytes as flows by each line', async (t) => {
  t.deepEqual(failed(await carryThrough(0, { whole: false })), ['transfers that came whole']);
  const swapped = await carryThrough(0, { line: ({ kind }, right) => (kind === 'transfer' ? 1 - right : right) });
  t.deepEqual(failed(swapped), [transfers, heavy]);
  t.deepEqual(failed(await carryThrough(0, { answer: () => 10_000 })), [heavy]);
  const none = await carryThrough(0, { lost: ({ kind }) => kind === 'transfer' });
  t.deepEqual(failed(none), [transfers, heavy]);
});
