import { LabError } from '../net/error.ts';
import { assertKnown, loadCandidate, loadScenario, scenarioNames } from '../scenario/catalogue.ts';
import type { Plan } from '../scenario/run.ts';

/**
 * What is to be run: the trials of the named scenarios, of the named candidates only if there are any.
 *
 * @throws LabError `invalid`, with the nearest names, for a name that there is not
 */
export async function makePlans(names: readonly string[], candidates: readonly string[]): Promise<readonly Plan[]> {
  const plans = await Promise.all(
    [...new Set(names)].map(async (name): Promise<Plan> => {
      const scenario = await loadScenario(name);
      const wanted = scenario.trials.filter(
        ({ candidate }) => candidates.length === 0 || candidates.includes(candidate),
      );
      const trials = wanted.map(async (trial) => ({ trial, candidate: await loadCandidate(trial.candidate) }));
      return { name, scenario, trials: await Promise.all(trials), isCatalogued: true };
    }),
  );
  const tried = [...new Set(plans.flatMap(({ scenario }) => scenario.trials.map(({ candidate }) => candidate)))];
  for (const candidate of candidates) assertKnown('candidate in these scenarios', candidate, tried);
  return plans.filter(({ trials }) => trials.length > 0);
}

/** @throws LabError `invalid`, with all names, if there is none */
export async function namesOrAll(names: readonly string[], all: boolean): Promise<readonly string[]> {
  const known = await scenarioNames();
  if (all && names.length > 0) throw new LabError('invalid', '--all and a name exclude each other');
  if (!all && names.length === 0) {
    throw new LabError('invalid', 'which scenario?', `name one or more of: ${known.join(', ')}; or say --all`);
  }
  return all ? known : names;
}
