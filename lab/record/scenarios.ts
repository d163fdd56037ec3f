import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultSeed } from '../../src/cli/execute.ts';
import { makePlans } from '../../src/cli/plans.ts';
import { chooseBackend } from '../../src/scenario/backends.ts';
import { root } from '../../src/scenario/catalogue.ts';
import { lacking } from '../../src/scenario/lacking.ts';
import { formatRecording } from '../../src/scenario/recording.ts';
import { runPlans } from '../../src/scenario/run.ts';
import { losesByChance } from '../../src/topology/topology.ts';

/** Those that show every mechanism between them, and whose model takes no long. */
const scenarios = [
  'multihome-udp',
  'one-way-udp',
  'pinned-services',
  'reply-same-interface',
  'rp-filter',
  'udp-veth-workaround',
  'vpn-failover',
];

/** Writes down what comes of scenarios on the kernel. */
export async function recordScenarios(): Promise<void> {
  const { backend, reason } = await chooseBackend({ on: 'kernel', tunnels: true });
  console.log(reason);
  const directory = await mkdtemp(join(tmpdir(), 'record-'));
  try {
    const cores = availableParallelism();
    const plans = await makePlans(scenarios, []);
    const model = { name: 'model', release: backend.release } as const;
    // Where chance loses packets there is nothing to compare crossing by crossing.
    const modelled = plans.map((plan) => ({
      ...plan,
      trials: plan.trials.filter(
        ({ candidate, trial }) => lacking(candidate, trial, model) === null && !losesByChance(trial.topology),
      ),
    }));
    const run = await runPlans(modelled, {
      ...{ backend, profile: 'kernel', seed: defaultSeed, jobs: 6 * cores, builders: cores, directory },
      onProgress: ({ scenario, trial, result }) => {
        if (result) console.log(`${scenario}: ${trial}`);
      },
    });
    await writeFile(join(root, 'src/scenario/recorded.jsonl'), formatRecording(run));
  } finally {
    await rm(directory, { recursive: true });
  }
}
