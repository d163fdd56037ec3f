import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Candidate } from '../../src/candidate/candidate.ts';
import { keptDump } from '../../src/candidate/dump/kept.ts';
import { openSandbox } from '../../src/kernel/sandbox.ts';
import { dumpUnder } from '../../src/kernel/take-dump.ts';
import { candidateNames, firstTrials, loadCandidate } from '../../src/scenario/catalogue.ts';
import type { Trial } from '../../src/scenario/scenario.ts';
import type { ProfileName } from '../../src/topology/profile.ts';

/** Writes down, beside it, the state that each `up.sh` leaves that runs programs which the model knows nothing of. */
export async function recordDumps(): Promise<void> {
  const trials = await firstTrials();
  for (const name of await candidateNames()) {
    const candidate = await loadCandidate(name);
    const trial = trials.get(name);
    if (!candidate.programs || !trial) continue;
    const kept = keptDump([await taken(candidate, trial, 'kernel'), await taken(candidate, trial, 'systemd')]);
    const folder = join(dirname(candidate.script), 'dump');
    await mkdir(folder, { recursive: true });
    for (const [file, text] of Object.entries(kept)) await writeFile(join(folder, file), text);
    console.log(`the dump of ${name}`);
  }
}

async function taken(candidate: Candidate, { topology, tunnels }: Trial, profile: ProfileName) {
  const sandbox = await openSandbox();
  try {
    return await dumpUnder(sandbox, topology, candidate, { profile, seed: 1, tunnels });
  } finally {
    await sandbox.close();
  }
}
