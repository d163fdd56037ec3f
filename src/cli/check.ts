import { Option, type Command } from 'commander';
import type { Candidate, OpenVpnOptions } from '../candidate/candidate.ts';
import { loadScenario, loadTopology, scenarioNames } from '../scenario/catalogue.ts';
import { planCheck, rehearse, tunnelsOf } from '../scenario/check.ts';
import { addExecuteOptions, collect, execute, formats, type ExecuteFlags } from './execute.ts';
import { loadOwnFile, ownPaths } from './own-file.ts';

interface CheckFlags extends ExecuteFlags {
  readonly topology: string;
  readonly without: readonly string[];
  readonly openvpn?: keyof typeof openvpns;
  readonly format: (typeof formats)[number];
}

/** What the user may say of an OpenVPN server or client of theirs. */
const openvpns = {
  wildcard: { server: 'wildcard' },
  multihome: { server: 'multihome' },
  address: { server: 'address' },
  tcp: { protocol: 'tcp' },
} as const satisfies Readonly<Record<string, OpenVpnOptions>>;

export function addCheckCommand(program: Command): void {
  const command = program
    .command('check')
    .description(
      'put a routing script of your own to every scenario of a network, and say what works, what not, and what to do',
    )
    .argument('<path>', ownPaths)
    .requiredOption('--topology <name>', 'the network that it is for; see: list')
    .option('--without <name>', "a scenario or service that doesn't matter to you; may be repeated", collect, [])
    .addOption(
      new Option('--openvpn <kind>', 'what your OpenVPN is (default: wildcard)').choices(Object.keys(openvpns)),
    )
    .addOption(new Option('--format <format>', 'what to print').choices(formats).default('pretty'))
    .addHelpText(
      'after',
      `
A script is run as an up.sh is, and finds IF1 GW1 IP1 NET1, IF2 … set: each uplink's interface, gateway, address and
network.
--openvpn: wildcard is one server over UDP on all addresses, multihome one with --multihome, address one for each address
(--local), and tcp the VPN over TCP where it has a network to itself.
Exit status: 0 all works; 1 something doesn't; 2 bad usage, or the script can't be read or fails; 3 cannot run here.`,
    );
  addExecuteOptions(command).action(check);
}

async function check(path: string, flags: CheckFlags): Promise<void> {
  const topology = await loadTopology(flags.topology);
  const candidate = withOpenVpn(await loadOwnFile(path), flags.openvpn);
  const scenarios = await Promise.all(
    (await scenarioNames()).map(async (name) => ({ name, scenario: await loadScenario(name) })),
  );
  const { plans, leftOut } = planCheck(scenarios, flags.topology, candidate, flags.without);
  for (const { name, because } of leftOut) process.stderr.write(`Left out: ${name}: ${because}\n`);
  const { profile, seed } = flags;
  const tunnels = tunnelsOf(plans);
  await execute(plans, flags.format === 'pretty' ? 'check' : flags.format, flags, (backend, directory) =>
    rehearse(backend, { topology, candidate, profile, seed, directory, tunnels }),
  );
}

function withOpenVpn(candidate: Candidate, kind: CheckFlags['openvpn']): Candidate {
  return kind === undefined ? candidate : { ...candidate, openvpn: { ...candidate.openvpn, ...openvpns[kind] } };
}
