/** Rules that keep lists of addresses, at random: the kernel and the model let the same packets pass. */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import crossroads from '../../../lab/topologies/crossroads.ts';
import type { Shot } from '../../backend/volley.ts';
import { asRoot } from '../../kernel/testing.ts';
import { bothBackends } from '../../scenario/backends.ts';
import { carryOut } from '../../scenario/conformance/carry-out.ts';
import { differencesOf } from '../../scenario/conformance/compare.ts';
import { ports, type Phase, type Trial } from '../../scenario/conformance/trial.ts';

const seed = Number(process.env['RECENT_SEED'] ?? randomInt(2 ** 31 - 1));
const { constantFrom: one } = fc;
const list = one('', '--name other', '--mask 255.255.255.0', '--name other --mask 255.255.0.0', '--rdest --name other');
const condition = one(
  ...['', '', '--hitcount 2', '--hitcount 3', '--hitcount 40', '--seconds 1', '--seconds 1 --reap', '--seconds 60'],
  ...['--seconds 1 --hitcount 2', '--seconds 60 --hitcount 4'],
);
const rule = fc
  .tuple(
    one('PREROUTING', 'FORWARD', 'POSTROUTING'),
    one('', '', '! '),
    fc.oneof(
      one('--set', '--set', '--remove'),
      fc.tuple(one('--rcheck', '--update'), condition).map((parts) => parts.join(' ')),
    ),
    list,
    one('', '', '-j DROP', '-j ACCEPT'),
  )
  .map(
    ([chain, not, operation, of, target]) =>
      `-A ${chain} -d 198.18.0.0/15 -m recent ${not}${operation} ${of} ${target}`,
  );

const ruleset = (rules: readonly string[]): string =>
  `iptables-restore <<'END'\n*mangle\n${rules.map((each) => `${each}\n`).join('')}COMMIT\nEND`;

/** Of one address and of its neighbours; the first is heard of again and again. */
const shots = (phase: number, senders: readonly number[]): readonly Shot[] =>
  senders.map((sender, index) => ({
    ...{ host: 'lan', protocol: 'udp', source: `10.8.${sender >> 1}.${1 + (sender & 1)}`, port: ports.wildcard },
    ...{ destination: `198.18.1.${1 + sender}`, sourcePort: 20_000 + phase * 100 + index },
  }));

/** What happens between: nothing, time passes, or there are other rules, of which some name the same lists. */
const between = fc.oneof(
  fc.constant(':'),
  fc.constant('sleep 1.3'),
  fc.array(rule, { minLength: 1, maxLength: 4 }).map(ruleset),
);

const trials: fc.Arbitrary<Trial> = fc
  .tuple(
    fc.array(rule, { minLength: 1, maxLength: 5 }).map(ruleset),
    fc.array(fc.tuple(between, fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 2 })), {
      minLength: 3,
      maxLength: 6,
    }),
  )
  .map(([rules, later]): Trial => {
    const start = 'ip route replace default via 203.0.113.1 dev up1';
    const phases = [[`${start}\n${rules}`, [0]] as const, ...later];
    const step = (script: string) => ({ host: 'server', script, tries: [] });
    return {
      seed: 1,
      phases: phases.map(([script, senders], index): Phase => ({
        steps: [step(script)],
        shots: shots(index, senders),
      })),
    };
  });

asRoot(`kernel and model remember the same addresses, seed ${seed}`, async (t) => {
  t.timeout(300_000);
  const [kernel, model] = await bothBackends({ tunnels: false });
  const directory = await mkdtemp(join(tmpdir(), 'recent-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const all = fc.sample(trials, { seed, numRuns: Number(process.env['RECENT_TRIALS'] ?? 12) });
  const options = { profile: 'kernel', seed: 1, tunnels: {}, directory, label: 'recent' } as const;
  const modelled = (await carryOut(model, crossroads(), all, options)).records;
  const real = (await carryOut(kernel, crossroads(), all, options)).records;
  const journeys = real.flatMap((record) => record.flatMap(({ crossings }) => crossings));
  const longest = Math.max(...journeys.map(({ length }) => length));
  const stopped = journeys.filter(({ length }) => length < longest).length;
  t.log(`${journeys.length} journeys, of which ${stopped} ended on the way`);
  t.true(stopped > 0 && stopped < journeys.length);
  const differing = all.flatMap((trial, index) => {
    const differences = differencesOf(trial, real[index] ?? [], modelled[index] ?? []);
    return differences.length > 0 ? [{ trial, differences }] : [];
  });
  t.deepEqual(differing, []);
});
