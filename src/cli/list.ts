import type { Command } from 'commander';
import {
  candidateNames,
  loadCandidate,
  loadScenario,
  loadTopology,
  scenarioNames,
  topologyNames,
} from '../scenario/catalogue.ts';

export function addListCommand(program: Command): void {
  program
    .command('list')
    .description('show what there is: scenarios, candidates and topologies')
    .action(async () => {
      const sections = await Promise.all([
        section('Scenarios', await scenarioNames(), loadScenario),
        section('Candidates', await candidateNames(), loadCandidate),
        section('Topologies', await topologyNames(), loadTopology),
      ]);
      process.stdout.write(sections.join('\n'));
    });
}

async function section(
  heading: string,
  names: readonly string[],
  load: (name: string) => Promise<{ readonly title: string }>,
): Promise<string> {
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map(async (name) => `  ${name.padEnd(width)}  ${(await load(name)).title}\n`);
  return `${heading}\n${(await Promise.all(lines)).join('')}`;
}
