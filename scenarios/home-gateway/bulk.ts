/** Ten transfers, balanced as flows, and how far their bytes are from being so. */
import type { Evidence } from '../../src/backend/crossing.ts';
import type { Lab } from '../../src/backend/lab.ts';
import { formatIPv4, parseIPv4 } from '../../src/net/address.ts';
import type { StatementResult } from '../../src/scenario/result.ts';
import { peersOf, type Topology } from '../../src/topology/topology.ts';

/** How many places are called on each line, in the order of the uplinks; and what is fetched there, by its port. */
const calls = [
  { places: 8, port: 4001, chunks: 5 },
  { places: 2, port: 4002, chunks: 200 },
];
const desktop = '192.168.2.100';
/** The first of the places, among which those are looked for that the hash gives to a line; a few dozen do. */
const [world, most] = [parseIPv4('198.18.16.0'), 400];

/** What was fetched, from where, and by which line it should have come. */
export interface Transfers {
  readonly wanted: readonly { readonly place: string; readonly port: number; readonly line: string }[];
  readonly whole: number;
}

/** Has the desktop fetch a little from each of eight places that the first line leads to, and much from two of the second. */
export async function fetchAll(lab: Lab): Promise<Transfers> {
  await Promise.all(
    calls.map(({ port, chunks }) =>
      lab.serve('world', {
        ...{ kind: 'stream', name: `stream-${port}`, port, address: '0.0.0.0', chunks, pace: 'haste' },
      }),
    ),
  );
  const lines = lab.topology.server.uplinks.map((uplink) => uplink.interface);
  const found = calls.map((): string[] => []);
  for (let index = 0; index < most && found.some(({ length }, line) => length < (calls[line]?.places ?? 0)); index++) {
    const place = formatIPv4(world + index);
    const line = lines.indexOf(await lab.route('server', place, desktop, 'eth2'));
    if ((found[line]?.length ?? 0) < (calls[line]?.places ?? 0)) found[line]?.push(place);
  }
  const wanted = calls.flatMap(({ port, chunks }, line) =>
    (found[line] ?? []).map((place) => ({ place, port, chunks, line: lines[line] ?? 'none' })),
  );
  const answers = await Promise.all(
    wanted.map(({ place, port, chunks }, index) =>
      lab.request('desktop', { kind: 'stream', server: place, port, chunks, sourcePort: 45000 + index }),
    ),
  );
  return { wanted, whole: answers.filter(({ accepted }) => accepted).length };
}

/** Counts flows and bytes at the ISPs, in both directions. */
export function judgeBytes(
  topology: Topology,
  { crossings }: Evidence,
  { wanted, whole }: Transfers,
): readonly StatementResult[] {
  const { host, uplinks } = topology.server;
  const total = calls.reduce((sum, { places }) => sum + places, 0);
  const services = new Set(wanted.map(({ place, port }) => `${place}:${port}`));
  const counts = uplinks.map(({ interface: line }) => {
    const peers = peersOf(topology, host, line);
    const atIsp = crossings.filter((crossing) =>
      peers.some((peer) => peer.host === crossing.host && peer.interface === crossing.interface),
    );
    const [to, from] = [
      atIsp.filter(({ destination }) => services.has(destination)),
      atIsp.filter(({ source }) => services.has(source)),
    ];
    return {
      flows: new Set(to.map(({ destination }) => destination)).size,
      bytes: [...to, ...from].reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
  const [flows, bytes] = [counts.map((each) => each.flows), counts.map((each) => each.bytes)];
  const [first = 0] = bytes;
  const all = bytes.reduce((sum, each) => sum + each);
  const named = (numbers: readonly number[]): string =>
    numbers.map((number, line) => `${number} by ${uplinks[line]?.interface ?? 'none'}`).join(', ');
  const expected = named(calls.map(({ places }) => places));
  return [
    statement(
      "precondition: places of the transfers, by the kernel's own word",
      expected,
      named(uplinks.map((uplink) => wanted.filter(({ line }) => line === uplink.interface).length)),
    ),
    statement('transfers that came whole', `${total} of ${total}`, `${whole} of ${total}`),
    statement('transfers counted at the ISPs', expected, named(flows)),
    {
      ...statement(
        `bytes of theirs by the line with ${calls[0]?.places ?? 0} of ${total}`,
        'less than 2 of 10',
        `${(first / 1000).toFixed(0)} of ${(all / 1000).toFixed(0)} kB`,
      ),
      ok: first > 0 && first < all / 5,
    },
  ];
}

function statement(name: string, expected: string, found: string): StatementResult {
  return { kind: 'statement', name, expected, found, ok: expected === found };
}
