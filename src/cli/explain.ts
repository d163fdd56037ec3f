import type { Command } from 'commander';
import { assertKnown, candidateNames, loadCandidate, loadScenario, scenarioNames } from '../scenario/catalogue.ts';

export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description('print the lesson of a scenario or a candidate: what one sees, why, and how to mend it')
    .argument('<name>')
    .action(async (name: string) => {
      const [scenarios, candidates] = await Promise.all([scenarioNames(), candidateNames()]);
      assertKnown('scenario or candidate', name, [...scenarios, ...candidates]);
      const { title, lesson } = scenarios.includes(name) ? await loadScenario(name) : await loadCandidate(name);
      process.stdout.write(`${title}\n\n${lesson}\n`);
    });
}
