import test from 'ava';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import threeIsps from '../../lab/topologies/three-isps.ts';
import type { Backend, Lab, LabOptions } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import { planCheck, rehearse, tunnelsOf, type Check } from './check.ts';
import { controlName } from './control.ts';
import { fakeLab } from './fake-lab.ts';
import type { CheckResult, Outcome } from './result.ts';
import type { Scenario, Trial } from './scenario.ts';

const own: Candidate = { name: 'own/up.sh', title: '', lesson: '', script: '/own/up.sh', sources: {} };
const [isps, home] = [threeIsps(), homeGateway()];
const trial = (candidate: string, variant = '', topology = isps, tunnels: Trial['tunnels'] = {}): Trial => ({
  ...{ candidate, variant, topology, tunnels, setting: null },
});

function cell(service: string, found: Outcome): CheckResult {
  const verdict = { answered: true, accepted: true, arrivedBy: 'isp1', leftBy: 'isp1', sourceMatches: true };
  const journey = { request: [], reply: [], verdict: { ...verdict, cause: found === 'works' ? null : found } };
  return {
    kind: 'cell',
    service,
    uplink: 'isp1',
    expected: 'works',
    found,
    ok: found === 'works',
    detail: '',
    journey,
  };
}
const counted: CheckResult = { kind: 'statement', name: 'counted', expected: '1', found: '1', ok: true };

function scenario(services: readonly string[], open: Scenario['open'], trials = [trial('known')]): Scenario {
  const run: Scenario['run'] = () =>
    Promise.resolve([...services.map((service) => cell(service, 'no-reply')), counted]);
  return { title: '', lesson: '', services, trials, open, run };
}

const all = [
  { name: 'replies', scenario: scenario(['ssh', 'dns'], ({ name }) => [trial(name), trial(name, 'nat')]) },
  { name: 'workaround', scenario: scenario(['echo'], () => 'it is about one script') },
  { name: 'balance', scenario: scenario([], ({ name }) => [trial(name, '', isps, { server: ['tun0', 'tun1'] })]) },
  {
    name: 'elsewhere',
    scenario: scenario(['web'], ({ name }) => [trial(name, '', home)], [trial('known', '', home)]),
  },
  {
    name: 'both',
    scenario: scenario(['web'], ({ name }) => [trial(name, '', home)], [trial('known'), trial('known', '', home)]),
  },
];
const named = ({ plans, leftOut }: Check) => ({
  asked: plans.map(({ name, trials }) => `${name} ${trials.length}`),
  left: leftOut.map(({ name, because }) => `${name}: ${because}`),
});

test('asks what a topology has scenarios for, and says what it leaves out', (t) => {
  const check = planCheck(all, 'three-isps', own, []);
  t.deepEqual(named(check), {
    asked: ['replies 2', 'balance 1'],
    left: ['workaround: it is about one script', 'both: it asks for another network than three-isps'],
  });
  t.true(check.plans.every(({ trials }) => trials.every((each) => each.candidate === own)));
  t.deepEqual(tunnelsOf(check.plans), { server: ['tun0', 'tun1'] });
  t.deepEqual(named(planCheck(all, 'home-gateway', own, [])).asked, ['elsewhere 1', 'both 1']);
});

test('a scenario is told which candidate it is to have trials for', (t) => {
  const picky = scenario([], ({ lineUp }) => (lineUp === undefined ? 'no line-up.sh' : [trial('own')]));
  const plan = (candidate: Candidate) =>
    named(planCheck([...all, { name: 'picky', scenario: picky }], 'three-isps', candidate, []));
  t.true(plan(own).left.includes('picky: no line-up.sh'));
  t.true(plan({ ...own, lineUp: '/own/line-up.sh' }).asked.includes('picky 1'));
});

const asYouSaid = 'as you said (--without)';

test("what doesn't matter to the user isn't asked: scenarios", (t) => {
  const { asked, left } = named(planCheck(all, 'three-isps', own, ['replies']));
  t.deepEqual(asked, ['balance 1']);
  t.true(left.includes(`replies: ${asYouSaid}`));
});

test("… nor services, which aren't judged", async (t) => {
  const check = planCheck(all, 'three-isps', own, ['dns']);
  t.true(named(check).left.includes(`dns: ${asYouSaid}`));
  const [plan] = check.plans;
  t.deepEqual(plan!.scenario.services, ['ssh']);
  const circumstances = { candidate: own, release: '6.18', seed: 3 };
  const checks = await plan!.scenario.run(fakeLab(isps, {}), plan!.trials[0]!.trial, circumstances);
  t.deepEqual(checks, [cell('ssh', 'no-reply'), counted]);
  t.deepEqual(named(planCheck(all, 'three-isps', own, ['dns', 'ssh'])).asked, ['balance 1']);
});

test('refuses names that the topology has not, and to ask nothing', (t) => {
  const refused = (topology: string, without: readonly string[]) =>
    t.throws(() => planCheck(all, topology, own, without), { instanceOf: LabError });
  const unknown = refused('three-isps', ['sssh']);
  t.is(unknown.code, 'invalid');
  t.is(unknown.message, "there is no scenario or service on three-isps 'sssh'");
  t.regex(unknown.hint, /^did you mean 'ssh'\? There are: replies, workaround, balance, both, ssh, dns, echo, web$/);
  t.is(refused('three-isps', ['elsewhere']).code, 'invalid');
  const nothing = refused('home-gateway', ['web']);
  t.deepEqual([nothing.code, nothing.message], ['invalid', 'on home-gateway nothing can be asked of own/up.sh']);
  t.is(nothing.hint, ['elsewhere', 'both', 'web'].map((name) => `${name}: ${asYouSaid}`).join('; '));
});

/** Has a script rehearsed in a lab that does so, and returns what was done. */
async function rehearsed(told: Partial<Lab>) {
  const done: string[] = [];
  let settings: LabOptions | undefined;
  const backend: Backend = {
    name: 'model',
    release: '6.18',
    assertReady: () => Promise.resolve(),
    lacks: () => Promise.resolve(null),
    open: (topology, given) => {
      settings = given;
      return Promise.resolve(
        fakeLab(topology, {
          unanswered: () => Promise.resolve([]),
          apply: ({ name }) => Promise.resolve(void done.push(`apply ${name}`)),
          close: () => Promise.resolve(void done.push('close')),
          ...told,
        }),
      );
    },
  };
  const options = {
    topology: isps,
    candidate: own,
    profile: 'kernel',
    seed: 3,
    directory: '/x',
    tunnels: { server: ['tun0'] },
  };
  const error = await rehearse(backend, options).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { done, settings, error };
}

test('a script is rehearsed in a network of its own', async (t) => {
  const { done, settings, error } = await rehearsed({});
  t.is(error, null);
  t.deepEqual(done, ['apply own/up.sh', 'close']);
  t.like(settings, { profile: 'kernel', seed: 3, directory: '/x', tunnels: { server: ['tun0'] } });
});

test('one that fails is invalid input, in its own words', async (t) => {
  const { done, error } = await rehearsed({
    apply: () => Promise.reject(new LabError('lab-failed', 'own/up.sh:2:4: no', 'did you mean yes?')),
  });
  t.like(error, { code: 'invalid', message: 'own/up.sh:2:4: no', hint: 'did you mean yes?' });
  t.deepEqual(done, ['close']);
});

test('… and a lab that fails by itself is not', async (t) => {
  const ping = { host: 'client', destination: '203.0.113.1' };
  const silent = await rehearsed({ unanswered: () => Promise.resolve([ping]) });
  t.like(silent.error, { code: 'lab-failed' });
  t.true((silent.error as LabError).message.startsWith(`${controlName}: `));
  const broken = await rehearsed({ apply: () => Promise.reject(new LabError('cannot-run', 'no sh')) });
  t.like(broken.error, { code: 'cannot-run' });
});
