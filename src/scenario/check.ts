import type { Backend } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { validateTopology } from '../topology/validate.ts';
import { assertKnown } from './catalogue.ts';
import { control } from './control.ts';
import { closing, type Plan } from './run.ts';
import type { Scenario } from './scenario.ts';

/** What a configuration of the user's own is put to. */
export interface Check {
  readonly plans: readonly Plan[];
  /** The scenarios, and services, of this topology that it isn't put to, and why. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly name: string;
  readonly because: string;
}

type Named = Pick<Plan, 'name' | 'scenario'>;

/**
 * All that can be asked of a configuration in a topology: of each scenario, that everything works.
 *
 * @param without scenarios and services that don't matter to the user
 * @throws LabError `invalid` if one of those is none of this topology's, or if nothing is left
 */
export function planCheck(
  scenarios: readonly Named[],
  topology: string,
  candidate: Candidate,
  without: readonly string[],
): Check {
  const own = scenarios.filter(({ scenario }) => scenario.trials.some((trial) => trial.topology.name === topology));
  const services = new Set(own.flatMap(({ scenario }) => scenario.services));
  const known = [...own.map(({ name }) => name), ...services];
  for (const name of without) assertKnown(`scenario or service on ${topology}`, name, known);
  const asked = own.map((named) => ask(named, topology, candidate, without));
  const plans = asked.flatMap((each) => ('because' in each ? [] : [each]));
  const leftOut = [
    ...asked.flatMap((each) => ('because' in each ? [each] : [])),
    ...without.filter((name) => services.has(name)).map((name) => ({ name, because: asYouSaid })),
  ];
  if (plans.length === 0) {
    const reasons = leftOut.map(({ name, because }) => `${name}: ${because}`).join('; ');
    throw new LabError('invalid', `on ${topology} nothing can be asked of ${candidate.name}`, reasons);
  }
  return { plans, leftOut };
}

const asYouSaid = 'as you said (--without)';

function ask(
  { name, scenario }: Named,
  topology: string,
  candidate: Candidate,
  without: readonly string[],
): Plan | LeftOut {
  if (without.includes(name)) return { name, because: asYouSaid };
  const open = scenario.open(candidate);
  if (typeof open === 'string') return { name, because: open };
  const services = scenario.services.filter((service) => !without.includes(service));
  if (scenario.services.length > 0 && services.length === 0) return { name, because: asYouSaid };
  const trials = open.filter((trial) => trial.topology.name === topology);
  if (trials.length === 0) return { name, because: `it asks for another network than ${topology}` };
  const narrowed: Scenario = {
    ...scenario,
    services,
    run: async (...given) => {
      const checks = await scenario.run(...given);
      return checks.filter((check) => check.kind !== 'cell' || !without.includes(check.service));
    },
  };
  return { name, scenario: narrowed, trials: trials.map((trial) => ({ trial, candidate })) };
}

/** All tunnel devices of some trials, by host. */
export function tunnelsOf(plans: readonly Plan[]): RehearsalOptions['tunnels'] {
  const tunnels: Record<string, readonly string[]> = {};
  for (const { trial } of plans.flatMap(({ trials }) => trials)) {
    for (const [host, names] of Object.entries(trial.tunnels)) {
      tunnels[host] = [...new Set([...(tunnels[host] ?? []), ...names])];
    }
  }
  return tunnels;
}

export interface RehearsalOptions {
  readonly topology: Topology;
  readonly candidate: Candidate;
  /** Tunnel devices that scripts may rely on, by host. */
  readonly tunnels: Readonly<Record<string, readonly string[]>>;
  readonly profile: string;
  readonly seed: number;
  readonly directory: string;
}

/**
 * Runs a configuration's script once, in a network of its own: what can't even be run is no configuration to be checked.
 *
 * @throws LabError `invalid` with the script's own words if it fails, or with the place of what the model doesn't know
 */
export async function rehearse(backend: Backend, options: RehearsalOptions): Promise<void> {
  const { topology, candidate, ...settings } = options;
  validateTopology(topology);
  const lab = await backend.open(topology, { ...settings, label: 'rehearsal' });
  await closing(lab, async () => {
    const { ok, name, found } = await control(lab);
    if (!ok) throw new LabError('lab-failed', `${name}: ${found}`);
    await lab.apply(candidate).catch((error: unknown) => {
      if (!(error instanceof LabError) || error.code !== 'lab-failed') throw error;
      throw new LabError('invalid', error.message, error.hint, { cause: error });
    });
  });
}
