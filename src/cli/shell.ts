import type { Command } from 'commander';
import { openShell } from '../kernel/shell.ts';
import { assertKnown, loadTopology } from '../scenario/catalogue.ts';
import { validateTopology } from '../topology/validate.ts';
import { findCandidate, ownPaths } from './own-file.ts';

export function addShellCommand(program: Command): void {
  program
    .command('shell')
    .description('open a shell in a host of a freshly built network; everything is gone when it ends')
    .argument('<topology>')
    .argument('<host>')
    .option('--candidate <name>', `run this candidate on the server first: its name, or ${ownPaths}`)
    .option('--profile <name>', "the server's sysctls: kernel or systemd defaults", 'kernel')
    .action(async (name: string, host: string, flags: { readonly candidate?: string; readonly profile: string }) => {
      const topology = await loadTopology(name);
      validateTopology(topology);
      assertKnown(
        `host in ${name}`,
        host,
        topology.hosts.map((each) => each.name),
      );
      const candidate = flags.candidate === undefined ? null : await findCandidate(flags.candidate);
      process.exitCode = await openShell(topology, host, { profile: flags.profile, candidate });
    });
}
