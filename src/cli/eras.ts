import { isatty } from 'node:tty';
import type { Command } from 'commander';
import colours from 'picocolors';
import { turnsBetween } from '../model/era.ts';
import { eraTable } from '../report/eras.ts';

export function addErasCommand(program: Command): void {
  program
    .command('eras')
    .description('show what Linux does differently since which release, as far as it matters to several uplinks')
    .option('--from <release>', 'only what came after this release, such as 3.16')
    .option('--to <release>', 'only what came up to this release, such as 6.18.44')
    .action(({ from, to }: { readonly from?: string; readonly to?: string }) => {
      const turns = turnsBetween(from, to);
      if (turns.length === 0) process.stderr.write('Nothing that is modelled came between them.\n');
      else process.stdout.write(eraTable(turns, { color: colours.isColorSupported && isatty(1) }));
    });
}
