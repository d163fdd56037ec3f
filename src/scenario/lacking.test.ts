import test from 'ava';
import { needs, type Need } from '../candidate/need.ts';
import { candidateNames, loadCandidate, loadScenario, scenarioNames } from './catalogue.ts';
import { lacking, lackingFeature } from './lacking.ts';
import { trialName } from './scenario.ts';

const kernel = (release: string) => ({ name: 'kernel', release }) as const;

test('a kernel lacks what came later than it', (t) => {
  const own: readonly Need[] = ['src_valid_mark', 'fib_multipath_hash_policy'];
  t.is(lacking({ needs: own }, {}, kernel('2.6.32')), 'net.ipv4.conf.*.src_valid_mark came with Linux 2.6.33');
  t.is(lacking({ needs: own }, {}, kernel('4.11.12')), 'net.ipv4.fib_multipath_hash_policy came with Linux 4.12');
  t.is(lacking({ needs: own }, {}, kernel('4.12.0-rc1')), null);
  t.is(lacking({}, {}, kernel('2.6.32')), null);
  t.throws(() => lacking({ needs: own }, {}, kernel('new')), { message: /expected a Linux release/ });
});

test('before a kernel could be seeded anew, it is not made to choose per packet; the model always can', (t) => {
  const perPacket = { multipath: 'per-packet' } as const;
  const why = 'net.ipv4.fib_multipath_hash_seed, by which nexthops are chosen per packet here, came with Linux 6.11';
  t.is(lacking(perPacket, {}, kernel('6.10.14')), why);
  t.is(lacking(perPacket, {}, kernel('6.11.0')), null);
  t.is(lacking({}, {}, kernel('6.10.14')), null);
  t.is(lacking(perPacket, {}, { name: 'model', release: '3.16' }), null);
});

test('the model lacks programs that it knows nothing of, unless there is a dump of what they leave', (t) => {
  const model = { name: 'model', release: '6.18.44' } as const;
  t.is(lacking({ programs: ['shorewall'] }, {}, model), "the model can't run shorewall");
  const left = { programs: ['shorewall'], dump: { folder: 'dump', files: {} } };
  t.is(lacking(left, {}, model), null);
  t.is(lacking(left, { redials: false }, model), null);
  // Its ip-up and ip-down run it again.
  t.is(lacking(left, { redials: true }, model), "the model can't run shorewall");
  t.is(lacking(left, { redials: true }, kernel('6.18.44')), null);
  t.is(lacking({ programs: ['shorewall'] }, {}, kernel('6.18.44')), null);
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

test('of what a trial needs whatever the release, the first that is lacking is told', async (t) => {
  const asked: string[] = [];
  const backend = (answer: string | null) => ({
    lacks: (feature: string) => {
      asked.push(feature);
      return Promise.resolve(answer);
    },
  });
  t.is(await lackingFeature({}, backend('no netem')), null);
  t.deepEqual(asked, []);
  t.is(await lackingFeature({ needs: ['netem'] }, backend('no netem')), 'no netem');
  t.is(await lackingFeature({ needs: ['netem'] }, backend(null)), null);
  t.deepEqual(asked, ['netem', 'netem']);
});

test('each trial with a line that impairs what it carries says that it needs netem, and no other does', async (t) => {
  for (const name of await scenarioNames()) {
    for (const trial of (await loadScenario(name)).trials) {
      const impairs = trial.topology.links.some(({ impairment }) => impairment !== undefined);
      t.is(trial.needs?.includes('netem') ?? false, impairs, `${name}: ${trialName(trial)}`);
    }
  }
});
