import test from 'ava';
import fc from 'fast-check';
import { parseIPv4 } from '../net/address.ts';
import { LabError } from '../net/error.ts';
import {
  hashL3,
  hashL4,
  multipathKey,
  selectNexthop,
  selectNexthopForSource,
  upperBounds,
  type NexthopChoice,
} from './multipath.ts';

const seed = 0x12345678;
const alive = (...weights: number[]) => upperBounds(weights.map((weight) => ({ weight, alive: true })));

// Source, destination, ports and protocol if policy 1; hash, nexthop of weights 3,2,2 and of 1,1. Measured on Linux 6.18.44.
const vectors = [
  ['0.0.0.0', '8.8.8.8', null, 0x78a2a26d, 2, 1],
  ['10.0.0.2', '8.8.8.8', null, 0x7afc969f, 2, 1],
  ['172.16.0.2', '93.184.216.34', null, 0x557721b2, 1, 1],
  ['172.16.0.2', '93.184.216.34', [40000, 53, 17], 0x5043da69, 1, 1],
  ['93.184.216.34', '172.16.0.2', [53, 40000, 17], 0x5043da69, 1, 1],
  ['192.168.77.7', '1.1.1.1', [4444, 5000, 17], 0x1b8fb201, 0, 0],
] as const;

for (const [from, to, transport, expected, of322, of11] of vectors) {
  test(`hashes ${from} to ${to} ${transport ? `with ports and protocol ${transport.join(', ')}` : ''} as the kernel does`, (t) => {
    const addresses = { source: parseIPv4(from), destination: parseIPv4(to) };
    const hash = transport
      ? hashL4({ ...addresses, sourcePort: transport[0], destinationPort: transport[1], protocol: transport[2] }, seed)
      : hashL3(addresses, seed);
    t.is(hash, expected);
    t.is(selectNexthop(alive(3, 2, 2), hash), of322);
    t.is(selectNexthop(alive(1, 1), hash), of11);
  });
}

const address = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 0xffff });
const anySeed = fc.integer({ min: 1, max: 0xffffffff });

test('a flow and its reply have the same hash, of 31 bits', (t) => {
  fc.assert(
    fc.property(address, address, port, port, fc.constantFrom(6, 17, 1), anySeed, (a, b, p, q, protocol, any) => {
      const hash = hashL4({ source: a, destination: b, sourcePort: p, destinationPort: q, protocol }, any);
      t.is(hashL4({ source: b, destination: a, sourcePort: q, destinationPort: p, protocol }, any), hash);
      t.is(hashL3({ source: a, destination: b }, any), hashL3({ source: b, destination: a }, any));
      t.true(Number.isInteger(hash) && hash >= 0 && hash <= 0x7fffffff);
    }),
  );
});

test('a seed fills the whole key, and 0 or more than 32 bits is refused', (t) => {
  t.deepEqual(multipathKey(seed), { k0: { high: seed, low: seed }, k1: { high: seed, low: seed } });
  for (const bad of [0, -1, 2 ** 32, 1.5, NaN]) {
    t.is(t.throws(() => multipathKey(bad), { instanceOf: LabError }).code, 'invalid');
  }
});

test('bounds are those the kernel works out', (t) => {
  t.deepEqual(alive(3, 2, 2), [0x36db6db6, 0x5b6db6da, 0x7fffffff]);
  t.deepEqual(alive(1, 1), [0x3fffffff, 0x7fffffff]);
  t.deepEqual(alive(1, 1, 1), [0x2aaaaaaa, 0x55555554, 0x7fffffff]);
});

test('a dead nexthop has the bound -1, and the others share what it leaves', (t) => {
  const dead = { weight: 3, alive: false };
  const one = { weight: 1, alive: true };
  t.deepEqual(upperBounds([one, dead, one]), [0x3fffffff, -1, 0x7fffffff]);
  t.deepEqual(upperBounds([one, one, dead]), [0x3fffffff, 0x7fffffff, -1]);
  t.deepEqual(upperBounds([dead, dead]), [-1, -1]);
  t.is(selectNexthop([-1, -1], 0), null);
});

test('bounds rise to the largest hash, in proportion to the weights, and agree with exact arithmetic', (t) => {
  const nexthop = fc.record({ weight: fc.integer({ min: 1, max: 256 }), alive: fc.boolean() });
  fc.assert(
    fc.property(fc.array(nexthop, { minLength: 2, maxLength: 16 }), (nexthops) => {
      const total = BigInt(nexthops.reduce((sum, { weight, alive: up }) => sum + (up ? weight : 0), 0));
      let sum = 0n;
      const expected = nexthops.map(({ weight, alive: up }) => {
        if (!up) return -1;
        sum += BigInt(weight);
        return Number(((sum << 31n) + total / 2n) / total - 1n);
      });
      t.deepEqual(upperBounds(nexthops), expected);
      if (total > 0n) t.is(Math.max(...expected), 0x7fffffff);
    }),
  );
});

/** Two nexthops that share the hashes equally and have the sources 1 and 2. */
const pair: readonly NexthopChoice[] = [
  { upperBound: 0x3fffffff, source: 1, reachable: true },
  { upperBound: 0x7fffffff, source: 2, reachable: true },
];
const [low, high] = [0x10000000, 0x70000000]; // hashes of the first and of the second
const choose = (source: number, hash: number, nexthops = pair) =>
  (['plain', 'prefer-last', 'score'] as const).map((preference) =>
    selectNexthopForSource(nexthops, hash, source, preference),
  );

test('a source address that belongs to a nexthop overrules the hash from 6.16 on', (t) => {
  t.deepEqual(choose(1, low), [0, 0, 0]);
  t.deepEqual(choose(1, high), [1, 0, 0]);
  t.deepEqual(choose(2, low), [0, 1, 1]);
  t.deepEqual(choose(2, high), [1, 1, 1]);
});

test('a source address that belongs to none always gave the last nexthop from 6.16 to 6.18.3, and gives the hash again since', (t) => {
  t.deepEqual(choose(9, low), [0, 1, 0]);
  t.deepEqual(choose(9, high), [1, 1, 1]);
});

test('of two nexthops with the same source, the hash decides where it can', (t) => {
  const three = [...pair.map((nexthop) => ({ ...nexthop, source: 1 })), { upperBound: -1, source: 1, reachable: true }];
  t.deepEqual(choose(1, low, three), [0, 0, 0]);
  t.deepEqual(choose(1, high, three), [1, 1, 1]);
});

test('where the hash falls between two nexthops with the right source, 6.16 took the one before and 6.18.4 takes the one behind', (t) => {
  const bounds = [0x2aaaaaaa, 0x55555554, 0x7fffffff];
  const three = bounds.map((upperBound, index) => ({ upperBound, source: index === 1 ? 2 : 1, reachable: true }));
  t.deepEqual(choose(1, 0x40000000, three), [1, 0, 2]);
});

test('an unreachable gateway hands its hashes to the first reachable nexthop', (t) => {
  const secondBad = pair.map((nexthop, index) => ({ ...nexthop, reachable: index !== 1 }));
  t.deepEqual(choose(0, high, secondBad), [0, 0, 0]);
  const firstBad = pair.map((nexthop, index) => ({ ...nexthop, reachable: index !== 0 }));
  t.deepEqual(choose(0, low, firstBad), [1, 1, 1]);
  t.deepEqual(
    choose(
      0,
      low,
      pair.map((nexthop) => ({ ...nexthop, reachable: false })),
    ),
    [null, null, null],
  );
});

test('without a source address, and with every gateway reachable, it is the first bound that the hash does not exceed', (t) => {
  const hash = fc.integer({ min: 0, max: 0x7fffffff });
  const nexthop = fc.record({ weight: fc.integer({ min: 1, max: 256 }), alive: fc.boolean() });
  fc.assert(
    fc.property(hash, fc.array(nexthop, { minLength: 1, maxLength: 5 }), (any, nexthops) => {
      const bounds = upperBounds(nexthops);
      const expected = selectNexthop(bounds, any);
      const choices = bounds.map((upperBound, index) => ({ upperBound, source: index + 1, reachable: true }));
      t.deepEqual(choose(0, any, choices), [expected, expected, expected]);
      t.is(
        expected === null,
        nexthops.every(({ alive: up }) => !up),
      );
    }),
  );
});
