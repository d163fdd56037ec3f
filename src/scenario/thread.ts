/** A thread that carries through the trials it is asked for, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { modelBackend } from '../model/lab.ts';
import { LabError } from '../net/error.ts';
import { turn } from './backends.ts';
import { loadCandidate, loadScenario } from './catalogue.ts';
import { carryThrough } from './run.ts';
import type { Asked, ThreadSettings, Told } from './threads.ts';

const { release, ...settings } = workerData as ThreadSettings;
const backend = modelBackend({ release, turn });

parentPort?.on('message', (asked: Asked) => {
  void answer(asked).then((told) => {
    parentPort?.postMessage(told);
  });
});

async function answer({ scenario: name, trial: index }: Asked): Promise<Told> {
  try {
    const scenario = await loadScenario(name);
    const trial = scenario.trials[index];
    if (!trial) throw new Error(`${name} has no trial ${index}`);
    const candidate = await loadCandidate(trial.candidate);
    const open: typeof backend.open = (topology, options) => backend.open(topology, options);
    return await carryThrough({ name, scenario }, trial, candidate, { ...settings, open, release });
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint };
  }
}
