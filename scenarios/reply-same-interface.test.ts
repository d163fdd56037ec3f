import test from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import { protocolOf, type Request } from '../src/backend/service.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { fakeLab, trace } from '../src/scenario/fake-lab.ts';
import type { CellResult, Outcome, StatementResult } from '../src/scenario/result.ts';
import { nothingDropped, recorded } from '../src/scenario/sample-walk.ts';
import scenario from './reply-same-interface.ts';

const uplinks = ['ppp0', 'ppp1'] as const;
const addresses: Readonly<Record<string, string>> = { ppp0: '203.0.113.2', ppp1: '203.0.114.77' };
const isps: Readonly<Record<string, string>> = { ppp0: 'isp1', ppp1: 'isp2' };
const callers: Readonly<Record<string, string>> = { client: '198.51.100.10', statistics: '203.0.114.200' };

type Row = readonly [Outcome, Outcome];
const works: Row = ['works', 'works'];
const luck: Row = ['works', 'reply-source'];

/**
 * What comes of each call, on ppp0 and on ppp1, where the hash gives everything to ppp0 and the kernel is of today: what has its
 * source goes by the line of that source, but for a pin to ppp1 (of what goes to statistics).
 */
const balanced: Readonly<Record<string, Row>> = {
  web: works,
  'web-from-isp2': works,
  'udp-bound': works,
  'udp-unbound': luck,
  'udp-unbound-from-isp2': luck,
  ping: works,
  'forwarded-port': ['works', 'source-filtered'],
};
const byMark = { ...balanced, 'forwarded-port': works, 'udp-unbound-from-isp2': ['works', 'reply-source'] as Row };
const table: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  'balance-8-2': balanced,
  'home-pins': {
    ...balanced,
    'web-from-isp2': ['source-filtered', 'works'],
    'udp-unbound-from-isp2': ['source-filtered', 'reply-source'],
  },
  'home-connmark': byMark,
  'home-connmark-nft': byMark,
  'home-connmark-both-ways': { ...byMark, 'forwarded-port': ['request-astray', 'request-astray'] },
  'home-source-rules': balanced,
  'home-both': { ...balanced, 'forwarded-port': works },
  shorewall: { ...byMark, 'udp-unbound-from-isp2': ['reply-source', 'works'] },
};
const services = Object.keys(balanced);
const { topology } = scenario.trials[0]!;

function serviceOf(host: string, request: Request): string {
  switch (request.kind) {
    case 'ping':
      return 'ping';
    case 'tcp-echo':
      return request.port === 8080 ? 'forwarded-port' : host === 'client' ? 'web' : 'web-from-isp2';
    default:
      return request.port === 5001 ? 'udp-bound' : host === 'client' ? 'udp-unbound' : 'udp-unbound-from-isp2';
  }
}

/** The packets of a call to which this happens. */
function play(host: string, request: Request, outcome: Outcome): readonly Crossing[] {
  const { server, port, sourcePort } = request;
  const own = uplinks.find((uplink) => addresses[uplink] === server)!;
  const other = own === 'ppp0' ? 'ppp1' : 'ppp0';
  const isPing = request.kind === 'ping';
  const at = (address: string, number: number) => (isPing ? address : `${address}:${number}`);
  const [caller, called] = [at(callers[host]!, sourcePort), at(server, port)];
  const behind = port === 8080;
  const near = (uplink: string) => (host === 'statistics' && uplink === 'ppp1' ? '' : 'internet ');
  const there = `${host} ${host === 'statistics' && own === 'ppp0' ? 'isp2 ' : ''}${near(own)}${isps[own]!} server`;
  const common = { protocol: protocolOf(request), ...(isPing && { echo: `echo ${sourcePort}` }) };
  const nat = { server: { destination: '192.168.2.100:80' } };
  const way = outcome === 'request-astray' ? `${there} ${isps[own]!}` : behind ? `${there} desktop` : there;
  const asked = { ...common, source: caller, destination: called, identity: `${sourcePort}?`, ...(behind && { nat }) };
  const reply = (by: string, source: string, end: string): readonly Crossing[] =>
    trace(topology, `${behind ? 'desktop ' : ''}server ${isps[by]!}${end}`, {
      ...common,
      ...{ source: behind ? '192.168.2.100:80' : source, destination: caller, identity: `${sourcePort}!`, time: 1 },
      ...(behind && { nat: { server: { source } } }),
    });
  const home = (by: string) => ` ${near(by)}${host === 'statistics' && by === 'ppp0' ? 'isp2 ' : ''}${host}`;
  const answers: Partial<Record<Outcome, () => readonly Crossing[]>> = {
    works: () => reply(own, called, home(own)),
    'reply-source': () => reply(other, at(addresses[other]!, port), home(other)),
    'source-filtered': () => reply(other, called, ''),
  };
  return [...trace(topology, way, asked), ...(answers[outcome]?.() ?? [])];
}

interface World {
  readonly outcome?: Outcome;
  readonly seeded?: boolean;
  readonly release?: string;
  /** The line that the hash gives to what has no source of the server's. */
  readonly hashed?: string;
  /** The line that shorewall's rule gives to what goes to isp2's statistics. */
  readonly ruled?: string;
  readonly accepted?: boolean;
}

async function carryThrough(candidate: string, world: World = {}) {
  const { seeded = false, release = '6.18.0', hashed = 'ppp0', ruled = 'ppp1' } = world;
  const trial = scenario.trials.find((each) => each.candidate === candidate)!;
  const crossings: Crossing[] = [];
  const lab = fakeLab(topology, {
    seeded,
    route: (_host, destination, source) => {
      const unsourced = candidate === 'shorewall' && destination === callers['statistics'] ? ruled : hashed;
      return Promise.resolve(uplinks.find((uplink) => addresses[uplink] === source) ?? unsourced);
    },
    serve: () => Promise.resolve({ said: () => Promise.resolve([]), stop: () => Promise.resolve() }),
    request: (host, request) => {
      const row = table[candidate]![serviceOf(host, request)]!;
      const outcome = world.outcome ?? row[request.server === addresses['ppp0'] ? 0 : 1];
      crossings.push(...play(host, request, outcome));
      return Promise.resolve({ accepted: world.accepted ?? outcome === 'works', said: [], bytes: null });
    },
    evidence: () => Promise.resolve({ crossings: recorded(crossings), until: 1000, ...nothingDropped }),
  });
  const checks = await scenario.run(lab, trial, { candidate: await loadCandidate(candidate), release, seed: 3 });
  return {
    cells: checks.filter((check): check is CellResult => check.kind === 'cell'),
    statements: checks.filter((check): check is StatementResult => check.kind === 'statement'),
  };
}

test('the trials and the services are those of the table', (t) => {
  t.deepEqual(
    scenario.trials.map(({ candidate }) => candidate),
    Object.keys(table),
  );
  t.deepEqual(scenario.services, services);
});

for (const candidate of Object.keys(table)) {
  test(`${candidate}: each service is judged at each uplink, by the table`, async (t) => {
    const { cells, statements } = await carryThrough(candidate);
    t.deepEqual(
      cells.map(({ service, uplink, expected, found, ok }) => [service, uplink, expected, found, ok]),
      uplinks.flatMap((uplink, index) =>
        services.map((service) => {
          const outcome = table[candidate]![service]![index]!;
          return [service, uplink, outcome, outcome, true];
        }),
      ),
    );
    t.deepEqual(
      statements.filter(({ ok }) => !ok),
      [],
    );
  });

  test(`${candidate}: a world in which one thing comes of everything is not taken for this one`, async (t) => {
    for (const outcome of ['works', 'no-reply', 'reply-source', 'source-filtered'] as const) {
      const { cells } = await carryThrough(candidate, { outcome });
      t.is(cells.length, 14);
      for (const { service, uplink, found, ok } of cells) {
        t.is(found, outcome);
        t.is(ok, table[candidate]![service]![uplink === 'ppp0' ? 0 : 1] === outcome, `${service} at ${uplink}`);
      }
    }
    const { cells } = await carryThrough(candidate, { outcome: 'works', accepted: false });
    t.deepEqual([...new Set(cells.map(({ found }) => found))], ['client-rejected']);
    t.false(cells.some(({ ok }) => ok));
  });
}

// That seed 3 gives unsourced answers to ppp0, and the desktop's to ppp1, is a real kernel's word (`ip route get`, Linux 6.18).
test("with a seed, the kernel's word has to be the hash's", async (t) => {
  for (const hashed of uplinks) {
    const { statements } = await carryThrough('home-connmark', { seeded: true, hashed });
    t.deepEqual(
      statements.map(({ expected, found, ok }) => ({ expected, found, ok })),
      ['ppp0', 'ppp0', 'ppp1'].map((expected) => ({ expected, found: hashed, ok: expected === hashed })),
    );
  }
});

test("where a rule comes before the hash, the kernel's word has to be the rule's", async (t) => {
  for (const ruled of uplinks) {
    const { statements } = await carryThrough('shorewall', { ruled });
    t.deepEqual(
      statements.map(({ expected, found, ok }) => ({ expected, found, ok })),
      [{ expected: 'ppp1', found: ruled, ok: ruled === 'ppp1' }],
    );
  }
});

test('where turns or ports decide, an answer may go by either line', async (t) => {
  const expected = async (release: string, service: string, candidate = 'balance-8-2'): Promise<readonly string[]> => {
    const { cells } = await carryThrough(candidate, { release });
    return cells.filter((cell) => cell.service === service).map((cell) => cell.expected);
  };
  for (const release of ['3.16.0', '4.4.0']) {
    t.deepEqual(await expected(release, 'web'), ['works or source-filtered', 'works or source-filtered']);
    t.deepEqual(await expected(release, 'udp-unbound'), ['works or reply-source', 'works or reply-source']);
    t.deepEqual(await expected(release, 'udp-unbound-from-isp2', 'home-pins'), [
      'source-filtered or reply-source',
      'works or reply-source',
    ]);
    t.deepEqual(await expected(release, 'web', 'home-connmark'), ['works', 'works']);
  }
  // What is forwarded is hashed by its addresses since there is a hash.
  t.deepEqual(await expected('3.16.0', 'forwarded-port'), ['works or source-filtered', 'works or source-filtered']);
  for (const release of ['2.6.32', '4.4.0', '6.1.0']) {
    t.deepEqual(await expected(release, 'forwarded-port'), ['works', 'source-filtered']);
  }
});

test('a caller who is pinned to the line that the hash gives is answered by it', async (t) => {
  for (const candidate of ['home-pins', 'home-connmark']) {
    const { cells } = await carryThrough(candidate, { hashed: 'ppp1' });
    const expected = cells.filter(({ service }) => service === 'udp-unbound-from-isp2').map((cell) => cell.expected);
    t.deepEqual(expected, ['reply-source', 'works']);
  }
});
