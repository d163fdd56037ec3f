import test from 'ava';
import { LabError } from '../net/error.ts';
import { differences, eraOf, turnsBetween } from './era.ts';

const choices = test.macro({
  title: (_, release: string) => `Linux ${release}`,
  exec: (t, release: string, expected: Partial<ReturnType<typeof eraOf>>) => {
    t.like(eraOf(release), expected);
  },
});

// By the releases' own change logs.
test(choices, '2.6.32', { routeCache: true, multipathChoice: 'rotation', sourceValidMark: false, nftables: false });
test(choices, '3.5.7', { routeCache: true, redirects: 'cached' });
test(choices, '3.6', { routeCache: false, redirects: 'exception' });
test(choices, '3.2', { routeCache: true, masqueradeFollowsRoute: false });
test(choices, '3.16', { routeCache: false, multipathChoice: 'rotation', localSourceCheck: 'never', linkDown: false });
test(choices, '3.16.7', { localSourceCheck: 'unless-accept-local', forwardsForSockets: true });
test(choices, '4.1', { forwardsForSockets: false });
test(choices, '4.4', {
  multipathChoice: 'hash',
  localFlowHash: 'layer-4',
  symmetricForwardHash: false,
  linkDown: true,
  sourceRemoval: 'all',
});
test(choices, '4.9', { sourceRemoval: 'none', useNeighbours: true });
test(choices, '5.4', { sourceRemoval: 'main' });
test(choices, '4.19.0-27-amd64', {
  localFlowHash: 'policy',
  hashPolicies: 1,
  udpStream: 'at-once',
  udpStreamTimeout: 180,
});
test(choices, '5.10', { hashPolicies: 2, hashOrder: 'pairs', zeroBroadcast: true, nexthopObjects: true });
test(choices, '6.1.0', { hashPolicies: 3, hashOrder: 'unsigned', hashSeed: false, sourcePreference: 'plain' });
test(choices, '6.12', { hashSeed: true, sourcePreference: 'plain', anySourcePort: false });
test(choices, '6.16', { sourcePreference: 'prefer-last', anySourcePort: true });
test(choices, '6.18.3', { sourcePreference: 'prefer-last' });
test(choices, '6.18.44', { sourcePreference: 'score' });

test('every difference has a state before all others, and then releases in order', (t) => {
  for (const { key, changes } of differences) {
    t.is(changes[0]?.since, '0', key);
    const versions = changes.map(({ since }) =>
      since
        .split('.')
        .map((part) => part.padStart(4, '0'))
        .join('.'),
    );
    t.deepEqual(versions, [...versions].sort(), key);
    t.is(new Set(changes.map(({ value }) => value)).size, changes.length, `${key}: no change without a difference`);
  }
  t.is(new Set(differences.map(({ key }) => key)).size, differences.length);
});

test('what is no release, or too old, is refused', (t) => {
  for (const release of ['', 'linux', '2.4.37', '6.x', 'v6.12']) {
    const error = t.throws(() => eraOf(release), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.regex(error.message, /expected a Linux release such as/);
  }
});

test('what came between two releases, oldest first: after the one, up to and with the other', (t) => {
  const all = turnsBetween();
  t.is(
    all.length,
    differences.reduce((sum, { changes }) => sum + changes.length - 1, 0),
  );
  t.is(all[0]?.since, '2.6.33');
  t.is(all.at(-1)?.since, '6.18.4');
  const titles = turnsBetween('3.16', '4.4').map(({ since, title, from, to }) => [since, title, from, to]);
  t.deepEqual(titles, [
    [
      '3.16.7',
      "packets with one of the host's own addresses as source",
      'let in where rp_filter is 0',
      'refused, unless accept_local (3.18; in the long-term 3.16)',
    ],
    ['4.1', 'packets for a connected socket whose address the host has lost', 'passed on as any other', 'dropped'],
    [
      '4.2',
      'routes by a device without carrier',
      'carrier has no bearing on routes',
      'marked linkdown, and passed over with ignore_routes_with_linkdown',
    ],
    ['4.4', 'choice among nexthops', 'each look-up takes its turn by weight', 'a hash of the flow chooses'],
  ]);
  t.deepEqual(turnsBetween('6.18.4'), []);
  t.deepEqual(
    turnsBetween('6.12', '6.18.3').map(({ since }) => since),
    ['6.16', '6.16'],
  );
});

test('releases come in the order of their numbers, not of their letters', (t) => {
  const numbers = turnsBetween().map(({ since }) => since.split('.').map(Number));
  const key = (parts: readonly number[]): number => (parts[0] ?? 0) * 1e6 + (parts[1] ?? 0) * 1e3 + (parts[2] ?? 0);
  t.deepEqual(
    numbers.map(key),
    numbers.map(key).sort((one, other) => one - other),
  );
  t.throws(() => turnsBetween('six'), { message: /expected a Linux release/ });
  t.throws(() => turnsBetween('3.16', '2.4'), { message: /expected a Linux release/ });
});
