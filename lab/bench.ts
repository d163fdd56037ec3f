/**
 * `npm run bench [-- PART…]`: what the lab costs, each figure beside what it is compared with, measured in turn in one run. Whole,
 * it takes some minutes.
 */
import { $ } from 'zx';
import { searchPath } from '../src/kernel/process.ts';
import { compareCommands } from './bench/commands.ts';
import { measureGrowth } from './bench/growth.ts';
import { compareNetworks } from './bench/networks.ts';
import { comparePackets } from './bench/packets.ts';

// npm puts its packages' programs first, and one of them is called `nft`.
$.env = { ...process.env, PATH: searchPath.join(':') };

const parts = new Map<string, () => Promise<void> | void>([
  ['networks', compareNetworks],
  ['packets', comparePackets],
  ['growth', measureGrowth],
  ['commands', compareCommands],
]);

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !parts.has(name));
if (unknown === undefined) {
  for (const [name, measure] of parts) if (wanted.length === 0 || wanted.includes(name)) await measure();
} else {
  process.stderr.write(`there is no part '${unknown}' of the bench; there are: ${[...parts.keys()].join(', ')}\n`);
  process.exitCode = 2;
}
