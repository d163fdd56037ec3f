import Table from 'cli-table3';
import type { Shot } from '../backend/volley.ts';
import { sideBySide } from '../scenario/compare.ts';
import type { Conformance, Disagreement } from '../scenario/conformance/conform.ts';

/** What came of holding the model to the kernel: what was tried how often, the figure, and each difference. */
export function conformanceText(found: Conformance): string {
  const { seed, trials, journeys, travelled, byChance, keptBack, disagreements } = found;
  const figure = `${journeys} journeys compared in ${trials} trials (${travelled} with packets), seed ${seed}: `;
  const unsteady = found.unsteady.length > 0 ? ` (${found.unsteady.length} trials differed once, and not again)` : '';
  const drops =
    found.drops === null
      ? "What was dropped, and why, is not compared: the kernel doesn't say it here (root, bpftrace and BTF are what it takes).\n"
      : `${found.drops} drops compared, by the kernel's reasons for them.\n`;
  const lookUps =
    found.lookUps === null
      ? "Which routing tables are looked up is not compared: the kernel doesn't tell here (it takes the same).\n"
      : `${found.lookUps} look-ups in routing tables compared.\n`;
  return [
    counts('set up in so many trials', found.tried),
    counts('decisions of the model', found.decisions),
    ...disagreements.map((each) => disagreementText(seed, each)),
    drops + lookUps,
    ...(keptBack > 0
      ? [`${keptBack} labs were carried out once more, for the kernel had kept look-ups from bpftrace.\n`]
      : []),
    ...(byChance > 0
      ? [
          `${byChance} more were not compared: this kernel's choice among nexthops is its secret (a seed can be set since 6.11).\n`,
        ]
      : []),
    `${figure}${disagreements.length} disagreements${unsteady}.\n`,
  ].join('\n');
}

function counts(title: string, counted: ReadonlyMap<string, number>): string {
  const columns = 3;
  const cells = [...counted].sort(([, one], [, other]) => other - one).map(([name, count]) => `${count} ${name}`);
  const rows = Math.ceil(cells.length / columns);
  const table = new Table({ style: { head: [], border: [] } });
  table.push([{ content: title, colSpan: columns }]);
  for (let row = 0; row < rows; row++) {
    table.push(Array.from({ length: columns }, (_, column) => cells[column * rows + row] ?? ''));
  }
  return `${table.toString()}\n`;
}

/** A trial in which the two differ: how to make it again, its scripts, and both journeys. */
export function disagreementText(seed: number, { index, trial, differences, again }: Disagreement): string {
  const phases = trial.phases.flatMap(({ steps }, phase) =>
    steps.map(({ host, script }) => `# phase ${phase}, on ${host}\n${script}`),
  );
  return [
    `To try it again: npm run lab -- conformance --seed ${seed} --trial ${index}`,
    '(trace follows no flow between addresses that are only one of many of its host, as these are.)',
    `Trial ${index} of seed ${seed}, hash seed ${trial.seed}${again ? '' : '; it did not differ again'}:`,
    ...phases,
    ...differences.flatMap(({ phase, shot, kernel, model }) => [
      `phase ${phase}: ${shot ? describeShot(shot) : 'the scripts end otherwise'}`,
      sideBySide(kernel, model),
    ]),
    '',
  ].join('\n');
}

function describeShot(shot: Shot): string {
  const { host, protocol, source, sourcePort, destination, port, connected, device, mark, ttl, asks, stays, goesOn } =
    shot;
  const kind = [
    protocol,
    ...(connected === undefined ? [] : [connected ? 'connected' : 'not connected']),
    ...(device === undefined ? [] : [`bound to ${device}`]),
    ...(mark === undefined ? [] : [`mark ${mark}`]),
    ...(ttl === undefined ? [] : [`TTL ${ttl}`]),
    ...(asks === undefined ? [] : [`asks for ${asks}`]),
    ...(stays ? ['stays open'] : []),
    ...(goesOn ? ['goes on'] : []),
  ].join(', ');
  return `${host} ${source ?? 'any address'}:${sourcePort} > ${destination}:${port} (${kind})`;
}

/** What makes the server what it was when the two differed first. */
export function scriptOf({ trial, differences }: Disagreement): string {
  const last = Math.max(...differences.map(({ phase }) => phase));
  const steps = trial.phases.slice(0, last + 1).flatMap((phase) => phase.steps);
  const own = steps.filter(({ host }) => host === 'server').map(({ script }) => script);
  return `${[`echo ${trial.seed} >/proc/sys/net/ipv4/fib_multipath_hash_seed`, ...own].join('\n')}\n`;
}
