import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Interleaved, Interleaving } from '../src/backend/lab.ts';
import { sipHash24 } from '../src/net/siphash.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';

/** What happens at once, and the default route that is right in the end. */
interface Race {
  readonly name: string;
  readonly before: readonly string[];
  readonly changes: readonly string[];
  readonly right: readonly string[];
}

const both = ['ppp0', 'ppp1'];
const races: readonly Race[] = [
  { name: 'both lines come up', before: [], changes: both, right: both },
  { name: 'the first line goes down, the second comes up', before: ['ppp0'], changes: both, right: ['ppp1'] },
  { name: 'the first line of two goes down', before: both, changes: ['ppp0'], right: ['ppp1'] },
  { name: 'both lines go down', before: both, changes: both, right: [] },
];

interface Setting {
  readonly race: Race;
  /** Whether some orders end wrongly; otherwise none does. */
  readonly spoils: boolean;
}

/** Orders of each race. */
const orders = 50;
/** More turns than there are moves, but for a script that waits. */
const turns = 61;

export default defineScenario<Setting>({
  title: 'In which orders do the scripts of two lines spoil the default route?',
  lesson: `When a line comes or goes, pppd runs ip-up or ip-down, beside its own work and beside the other line's script. Here they run
one command at a time, and a seed decides whose turn it is; so each order can be had again.

Without a lock, two scripts that come at once both find no default route, and each makes a single one. One that goes has a rival
in the kernel too: pppd sets the interface down, starts ip-down and removes the interface some time later; then the kernel
removes a double default route, whole and unannounced. If that comes before ip-down has looked, it takes its line for the last.

How to mend it: a lock, and in ip-down a wait for the interface to be gone, before anything is decided. That leaves no order
in which it goes wrong. When both lines go down, the kernel leaves nothing that a script could spoil.`,
  services: [],
  trials: races.flatMap((race) => [
    // When both lines are gone, there is nothing left to spoil.
    trial('ppp-scripts', race, race.right.length > 0),
    trial('ppp-scripts-locked', race, false),
  ]),
  open: ({ name, lineScripts }) =>
    lineScripts ? races.map((race) => trial(name, race, false)) : 'there are no ip-up and ip-down beside the script',
  run: async (lab, { setting: { race, spoils } }, { seed }) => {
    const results = await lab.interleave(drawn(race, seed));
    await lab.evidence();
    return [judge(race, results, spoils, seed)];
  },
});

function trial(candidate: string, race: Race, spoils: boolean): Trial<Setting> {
  const network = { topology: homeGateway(), tunnels: {}, redials: true };
  return { candidate, variant: race.name, ...network, setting: { race, spoils } };
}

/** Orders of a race, by the seed. */
function drawn({ before, changes }: Race, seed: number): readonly Interleaving[] {
  return Array.from({ length: orders }, (_, order) => ({
    before,
    changes,
    turns: Array.from({ length: turns }, (_, turn) => random(seed, order, turn)),
  }));
}

/** Evenly spread over 0 to 59, which every small number of moves divides. */
function random(seed: number, order: number, turn: number): number {
  const key = { k0: { high: 0, low: seed }, k1: { high: 0, low: order } };
  return sipHash24(key, Uint8Array.of(turn)).low % 60;
}

function judge({ right }: Race, results: readonly Interleaved[], spoils: boolean, seed: number): StatementResult {
  const text = (nexthops: readonly string[]): string => nexthops.join(' and ') || 'none';
  const wrong = results.filter(({ nexthops }) => text(nexthops) !== text(right));
  const kinds = [...new Set(wrong.map(({ nexthops }) => text(nexthops)))].sort();
  const counts = kinds.map((kind) => `${kind} ${wrong.filter(({ nexthops }) => text(nexthops) === kind).length} times`);
  const different = new Set(results.map((result) => result.turns.join(' '))).size;
  const example = wrong[0] ? `, such as after ${wrong[0].turns.join(' ')}` : '';
  return {
    kind: 'statement',
    name: `the default route is by ${text(right)} after each of ${orders} orders, seed ${seed}`,
    expected: spoils ? 'wrong after some' : 'wrong after 0',
    found: `wrong after ${wrong.length}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}${example}; ${different} orders differ`,
    ok: wrong.length > 0 === spoils,
  };
}
