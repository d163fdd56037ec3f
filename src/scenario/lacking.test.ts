import test from 'ava';
import { needs, type Need } from '../candidate/need.ts';
import { candidateNames, loadCandidate } from './catalogue.ts';
import { lacking } from './lacking.ts';

test('a kernel lacks what came later than it', (t) => {
  const own: readonly Need[] = ['src_valid_mark', 'fib_multipath_hash_policy'];
  t.is(lacking({ needs: own }, '2.6.32'), 'net.ipv4.conf.*.src_valid_mark came with Linux 2.6.33');
  t.is(lacking({ needs: own }, '4.11.12'), 'net.ipv4.fib_multipath_hash_policy came with Linux 4.12');
  t.is(lacking({ needs: own }, '4.12.0-rc1'), null);
  t.is(lacking({}, '2.6.32'), null);
  t.throws(() => lacking({ needs: own }, 'new'), { message: /expected a Linux release/ });
});

/** How a script shows that it needs something. */
const signs: Readonly<Record<Need, RegExp>> = {
  accept_local: /accept_local/,
  src_valid_mark: /src_valid_mark/,
  'nft masquerade': /\bnft\b[^]*\bmasquerade\b/,
  ignore_routes_with_linkdown: /ignore_routes_with_linkdown/,
  fib_multipath_hash_policy: /fib_multipath_hash_policy/,
};

test('each candidate says what its scripts need, and nothing else', async (t) => {
  for (const name of await candidateNames()) {
    const { sources, needs: said = [] } = await loadCandidate(name);
    const text = Object.values(sources).join('\n');
    const shown = (Object.keys(needs) as Need[]).filter((need) => signs[need].test(text));
    t.deepEqual([...said].sort(), shown.sort(), name);
  }
});
