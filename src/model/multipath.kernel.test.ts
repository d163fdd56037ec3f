import os from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { formatIPv4, parseIPv4 } from '../net/address.ts';
import {
  hashL3,
  hashL4,
  selectNexthop,
  selectNexthopForSource,
  upperBounds,
  type Flow,
  type SourcePreference,
} from './multipath.ts';

const [major = 0, minor = 0, patch = 0] = os.release().split(/[.-]/).map(Number);
const since = (...version: [number, number, number]) =>
  major * 1e6 + minor * 1e3 + patch >= version[0] * 1e6 + version[1] * 1e3 + version[2];
const preference: SourcePreference = since(6, 18, 4) ? 'score' : since(6, 16, 0) ? 'prefer-last' : 'plain';

const seeds = [1, 0x12345678, 0xdeadbeef];
const weightings = [
  [1, 1],
  [3, 2, 2],
  [1, 10, 100, 256],
  [5, 1, 1, 1, 1, 1, 1, 1],
];

/** The device and the address of uplink `index`, and one more address for clients behind it. */
const device = (index: number) => `up${index}`;
const address = (index: number) => parseIPv4('198.18.0.2') + index * 256;
const elsewhere = parseIPv4('203.0.113.7'); // ours, but on no uplink

/** Numbers that look random and are the same at each run (xorshift32). */
function* numbers(state: number): Generator<number, never> {
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

/** Flows between unicast addresses that no uplink's network holds. */
function flows(count: number, start: number): Flow[] {
  const random = numbers(start);
  const unicast = () => (0x14000000 + (random.next().value % 0x50000000)) >>> 0; // 20.0.0.0 to 99.255.255.255
  const port = () => 1 + (random.next().value % 0xffff);
  return Array.from({ length: count }, (_, index) => ({
    source: unicast(),
    destination: unicast(),
    sourcePort: port(),
    destinationPort: port(),
    protocol: index % 2 === 0 ? 17 : 6,
  }));
}

/**
 * Asks the kernel, in a network namespace of its own, which uplink it takes for each `route get` line.
 *
 * @returns the indices of the uplinks
 */
async function ask(weights: readonly number[], seed: number, policy: number, lookups: readonly string[]) {
  const build = weights.flatMap((_, index) => [
    `link add ${device(index)} type veth peer name peer${index}`,
    `link set peer${index} up`,
    `link set ${device(index)} up`,
    `address add ${formatIPv4(address(index))}/24 dev ${device(index)}`,
  ]);
  const nexthops = weights.map(
    (weight, index) => `nexthop via ${formatIPv4(address(index) - 1)} dev ${device(index)} weight ${weight}`,
  );
  build.push(
    'link set lo up',
    `address add ${formatIPv4(elsewhere)}/32 dev lo`,
    'link add client type veth peer name behind',
    'link set behind up',
    'link set client up',
    'address add 10.255.0.1/24 dev client',
    `route add default ${nexthops.join(' ')}`,
  );
  // ip forgets nothing between the two batches: they share the namespace. Forwarding has to be on for `iif` look-ups.
  const script = `
    seed=/proc/sys/net/ipv4/fib_multipath_hash_seed
    test -e $seed || { echo "no net.ipv4.fib_multipath_hash_seed here" >&2; exit 3; }
    echo "$1" >$seed
    echo "$2" >/proc/sys/net/ipv4/fib_multipath_hash_policy
    echo 1 >/proc/sys/net/ipv4/ip_forward
    for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$each; done
    printf '%s\\n' "$3" | ip -batch - && exec ip -oneline -batch -`;
  const { stdout } = await execa(
    'unshare',
    ['--net', 'sh', '-euc', script, 'sh', `${seed}`, `${policy}`, build.join('\n')],
    {
      input: `${lookups.map((lookup) => `route get ${lookup}`).join('\n')}\n`,
      timeout: 60_000,
    },
  );
  return stdout.split('\n').map((line) => Number(/ dev up(\d+) /.exec(line)?.[1] ?? `no uplink in: ${line}`));
}

/** Asks for many flows under each seed and weighting, and wants every answer to be the predicted one. */
async function compare(
  t: ExecutionContext,
  policy: number,
  lookup: (flow: Flow) => string,
  predict: (flow: Flow, seed: number, bounds: readonly number[]) => number | null,
): Promise<void> {
  let asked = 0;
  for (const seed of seeds) {
    for (const weights of weightings) {
      const bounds = upperBounds(weights.map((weight) => ({ weight, alive: true })));
      const some = flows(100, seed + weights.length);
      const answers = await ask(weights, seed, policy, some.map(lookup));
      const predicted = some.map((flow) => predict(flow, seed, bounds));
      t.deepEqual(answers, predicted, `seed ${seed}, weights ${weights.join()}`);
      t.true(new Set(answers).size > 1, 'every look-up took the same nexthop: that shows nothing');
      asked += answers.length;
    }
  }
  t.log(`${asked} look-ups, all as predicted`);
  t.true(asked >= 500);
}

if (since(6, 11, 0)) {
  test('policy 0, a sender without an address: the model picks the nexthop that the kernel picks', (t) =>
    compare(
      t,
      0,
      ({ destination }) => formatIPv4(destination),
      ({ destination }, seed, bounds) => selectNexthop(bounds, hashL3({ source: 0, destination }, seed)),
    ));

  test('policy 0, forwarded packets', (t) =>
    compare(
      t,
      0,
      ({ source, destination }) => `${formatIPv4(destination)} from ${formatIPv4(source)} iif client`,
      (flow, seed, bounds) => selectNexthop(bounds, hashL3(flow, seed)),
    ));

  test('policy 1, forwarded packets', (t) =>
    compare(
      t,
      1,
      ({ source, destination, sourcePort, destinationPort, protocol }) =>
        `${formatIPv4(destination)} from ${formatIPv4(source)} iif client ` +
        `ipproto ${protocol === 17 ? 'udp' : 'tcp'} sport ${sourcePort} dport ${destinationPort}`,
      (flow, seed, bounds) => selectNexthop(bounds, hashL4(flow, seed)),
    ));

  test('policy 1, a sender without an address', (t) =>
    compare(
      t,
      1,
      ({ destination, sourcePort, destinationPort }) =>
        `${formatIPv4(destination)} ipproto udp sport ${sourcePort} dport ${destinationPort}`,
      (flow, seed, bounds) => selectNexthop(bounds, hashL4({ ...flow, source: 0, protocol: 17 }, seed)),
    ));

  /** Every uplink's address in turn, and the one that is no uplink's. */
  const senderOf = ({ sourcePort }: Flow, nexthops: number) =>
    sourcePort % (nexthops + 1) === nexthops ? elsewhere : address(sourcePort % (nexthops + 1));
  test(`policy 0, a sender with an address, by this kernel's rule (${preference})`, async (t) => {
    for (const weights of weightings) {
      const some = flows(150, weights.length);
      const bounds = upperBounds(weights.map((weight) => ({ weight, alive: true })));
      const choices = bounds.map((upperBound, index) => ({ upperBound, source: address(index), reachable: true }));
      const senders = some.map((flow) => senderOf(flow, weights.length));
      const lookups = some.map(({ destination }, at) => `${formatIPv4(destination)} from ${formatIPv4(senders[at]!)}`);
      const predicted = some.map(({ destination }, at) => {
        const source = senders[at]!;
        return selectNexthopForSource(choices, hashL3({ source, destination }, seeds[1]!), source, preference);
      });
      t.deepEqual(await ask(weights, seeds[1]!, 0, lookups), predicted, `weights ${weights.join()}`);
    }
  });
} else {
  test(`Linux ${os.release()} cannot set the hash seed (6.11 can): the multipath hash is not compared`, (t) =>
    t.pass());
}
