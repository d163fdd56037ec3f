import test from 'ava';
import { Command } from 'commander';
import { LabError } from '../net/error.ts';
import { candidateNames, loadCandidate, loadScenario, scenarioNames, topologyNames } from '../scenario/catalogue.ts';
import { addExplainCommand } from './explain.ts';
import { addListCommand } from './list.ts';
import { outputOf } from './testing.ts';

test.serial('list names all there is, with its title, in columns', async (t) => {
  const program = new Command();
  addListCommand(program);
  const output = await outputOf(() => program.parseAsync(['list'], { from: 'user' }));
  const sections = output.trimEnd().split('\n\n');
  const names = sections.map((section) =>
    section.split('\n').map((line, index) => (index === 0 ? line : /^ {2}(\S+) +\S/.exec(line)?.[1])),
  );
  t.deepEqual(names, [
    ['Scenarios', ...(await scenarioNames())],
    ['Candidates', ...(await candidateNames())],
    ['Topologies', ...(await topologyNames())],
  ]);
  for (const section of sections) {
    const columns = section.split('\n').flatMap((line) => /^ {2}\S+ {2,}/.exec(line)?.[0].length ?? []);
    t.is(new Set(columns).size, 1, section);
  }
  t.regex(output, /\n {2}multihome-udp {2,}Which uplink does a server with three ISPs answer by\?\n/);
  t.regex(output, /\n {2}three-isps {2,}A server with three uplinks, and a client behind a carrier\n/);
  t.regex(output, /\n {2}single-default {2,}One default route for three lines\n/);
  t.true(output.endsWith('\n') && !output.endsWith('\n\n'));
});

test.serial('explain prints the lesson of a scenario or a candidate, under its title', async (t) => {
  const program = new Command();
  addExplainCommand(program);
  for (const [name, { title, lesson }] of [
    ['multihome-udp', await loadScenario('multihome-udp')],
    ['source-rules', await loadCandidate('source-rules')],
  ] as const) {
    t.is(await outputOf(() => program.parseAsync(['explain', name], { from: 'user' })), `${title}\n\n${lesson}\n`);
  }
  const mistyped = program.parseAsync(['explain', 'sorce-rules'], { from: 'user' });
  const error = await t.throwsAsync(mistyped, { instanceOf: LabError });
  t.regex(error.hint, /^did you mean 'source-rules'\?/);
});
