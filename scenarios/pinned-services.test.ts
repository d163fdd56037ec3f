import test from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import type { Request } from '../src/backend/service.ts';
import { loadCandidate } from '../src/scenario/catalogue.ts';
import { fakeLab, trace } from '../src/scenario/fake-lab.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { nothingDropped, recorded } from '../src/scenario/sample-walk.ts';
import scenario from './pinned-services.ts';

const topology = scenario.trials[0]!.topology;
const addresses = { ppp0: '203.0.113.2', ppp1: '203.0.114.77', tun0: '10.9.0.2' } as const;
type Way = keyof typeof addresses;
const hosts = { server: '203.0.113.2', desktop: '192.168.2.100', laptop: '192.168.2.101' } as const;
type Host = keyof typeof hosts;
const targets = { '198.51.100.70:25': 'mail', '203.0.114.200:80': 'statistics', '10.20.0.10:80': 'company' } as const;
type Target = (typeof targets)[keyof typeof targets];

/** By which way each connection goes where the hash gives all to ppp0: to mail, statistics and the company. */
const [pinned, balanced] = [['ppp0', 'ppp1', 'tun0'] as const, ['ppp0', 'ppp0', 'ppp0'] as const];
const table: Readonly<Record<string, Readonly<Record<Host, readonly [Way, Way, Way]>>>> = {
  'balance-8-2': { server: balanced, desktop: balanced, laptop: balanced },
  'home-pins': { server: pinned, desktop: pinned, laptop: pinned },
  'home-pins-in-forward': { server: pinned, desktop: balanced, laptop: balanced },
  'home-pins-one-snat': { server: pinned, desktop: pinned, laptop: pinned },
  'home-connmark': { server: pinned, desktop: pinned, laptop: pinned },
  'home-connmark-nft': { server: pinned, desktop: pinned, laptop: pinned },
  'home-source-rules': { server: balanced, desktop: pinned, laptop: pinned },
  'home-both': { server: balanced, desktop: pinned, laptop: pinned },
  shorewall: { server: pinned, desktop: pinned, laptop: pinned },
};

/** How a connection leaves the server; the rest of its fate follows. */
interface Leaving {
  readonly way: Way;
  readonly source: string;
}
interface World {
  /** What comes of a connection other than in the right world. */
  readonly leaving?: (right: Leaving, host: Host, target: Target) => Leaving;
  /** The client's own account of it. */
  readonly accepted?: (right: boolean) => boolean;
  readonly vpnLine?: 'ppp0' | 'ppp1';
  /** By which way the server answers the company's host. */
  readonly answers?: Way;
  /** Whether it answers the desktop by a line instead of by eth2. */
  readonly astray?: boolean;
  readonly silent?: boolean;
}

function leaving(candidate: string, host: Host, target: Target): Leaving {
  const way = table[candidate]![host][Object.values(targets).indexOf(target)]!;
  const bare = candidate === 'home-pins-one-snat' && way === 'ppp1';
  return { way, source: bare ? hosts[host] : addresses[way] };
}

const isps = { ppp0: 'isp1', ppp1: 'isp2' } as const;

/** The packets of a connection from the server's side, as far as they get, and what comes back; and whether it is answered. */
function play({ way, source }: Leaving, from: string, port: number, called: string, target: Target) {
  const packet = { source: `${source}:${port}`, destination: called, protocol: 'tcp', summary: 'TCP SYN' } as const;
  const before = from === 'server' ? [] : trace(topology, `${from} server`, { ...packet, source: `${from}:${port}` });
  const go = (route: string): readonly Crossing[] => trace(topology, route, { ...packet, identity: called, time: 1 });
  const own = source === addresses[way];
  if (way === 'tun0') return { crossings: [...before, ...go('server:tun0 vpn:tun0 company')], right: own };
  const isp = isps[way];
  if (!own) return { crossings: [...before, ...go(`server ${isp}`)], right: false };
  if (target === 'company') return { crossings: [...before, ...go(`server ${isp} internet`)], right: false };
  const to =
    target === 'statistics' && way === 'ppp1'
      ? 'statistics'
      : `internet ${target === 'mail' ? 'mail' : 'isp2 statistics'}`;
  const refused = target === 'statistics' && way === 'ppp0';
  const reset = {
    source: called,
    destination: packet.source,
    protocol: 'tcp',
    summary: 'TCP RST-ACK',
    time: 2,
  } as const;
  const answer = refused ? trace(topology, 'statistics isp2 internet', reset) : [];
  return { crossings: [...before, ...go(`server ${isp} ${to}`), ...answer], right: !refused };
}

async function carryThrough(candidate: string, world: World = {}): Promise<readonly StatementResult[]> {
  const { silent = false } = world;
  const other = world.leaving ?? ((right: Leaving) => right);
  const accepted = world.accepted ?? ((right: boolean) => right);
  const trial = scenario.trials.find((each) => each.candidate === candidate)!;
  const crossings: Crossing[] = [];
  const answer = (right: boolean) => Promise.resolve({ accepted: accepted(right), said: [], bytes: null });
  const lab = fakeLab(topology, {
    unanswered: () => Promise.resolve([]),
    route: (_host, _destination, source) => Promise.resolve(source === addresses.ppp1 ? 'ppp1' : 'ppp0'),
    serve: () => Promise.resolve({ said: () => Promise.resolve([]), stop: () => Promise.resolve() }),
    dial: (host, dial) => {
      const line = world.vpnLine ?? 'ppp0';
      const packet = { source: `${addresses[line]}:50000`, destination: `${dial.server}:${dial.port}` };
      if (!silent) crossings.push(...trace(topology, `${host} ${isps[line]} internet vpn`, packet));
      const rounds = { connected: 1, restarted: 0 };
      return Promise.resolve({ until: () => Promise.resolve(rounds), stop: () => answer(true) });
    },
    request: (host, { server, port, sourcePort }: Request) => {
      if (host === 'company') {
        const way = world.answers ?? (candidate === 'balance-8-2' ? 'ppp0' : 'tun0');
        const packet = {
          source: `${server}:${port}`,
          destination: `10.20.0.10:${sourcePort}`,
          protocol: 'tcp',
        } as const;
        const route = way === 'tun0' ? 'server:tun0 vpn:tun0 company' : `server ${isps[way]}`;
        if (!silent) crossings.push(...trace(topology, route, packet));
        return answer(way === 'tun0');
      }
      if (server === '192.168.2.1') {
        const packet = { source: `${server}:${port}`, destination: `192.168.2.100:${sourcePort}` };
        const way = world.astray ? 'server isp1' : 'server desktop';
        if (!silent) crossings.push(...trace(topology, way, packet));
        return answer(!world.astray);
      }
      const called = `${server}:${port}` as keyof typeof targets;
      const target = targets[called];
      const out = other(leaving(candidate, host as Host, target), host as Host, target);
      const played = play(out, host, sourcePort, called, target);
      if (!silent) crossings.push(...played.crossings);
      return answer(played.right);
    },
    evidence: () => Promise.resolve({ crossings: recorded(crossings), until: 1000, ...nothingDropped }),
  });
  const checks = await scenario.run(lab, trial, {
    candidate: await loadCandidate(candidate),
    release: '6.18.0',
    seed: 3,
  });
  return checks.filter((check) => check.kind === 'statement');
}

const failed = (checks: readonly StatementResult[]) => checks.filter(({ ok }) => !ok).map(({ name }) => name);
const short = (name: string) => name.replace(', not pinned', '');

test('the trials are those of the table', (t) => {
  t.deepEqual(
    scenario.trials.map(({ candidate }) => candidate),
    Object.keys(table),
  );
});

for (const candidate of Object.keys(table)) {
  test(`${candidate}: the right world passes`, async (t) => {
    const checks = await carryThrough(candidate);
    t.is(checks.length, 12);
    t.deepEqual(failed(checks), []);
  });

  test(`${candidate}: connections that all go by one line pass only where that is theirs`, async (t) => {
    for (const way of ['ppp0', 'ppp1', 'tun0'] as const) {
      const checks = await carryThrough(candidate, { leaving: () => ({ way, source: addresses[way] }) });
      const wrong = Object.keys(hosts).flatMap((host) =>
        ['mail', "isp2's statistics", 'the company'].flatMap((target, index) => {
          const right = leaving(candidate, host as Host, Object.values(targets)[index]!);
          return right.way === way && right.source === addresses[way] ? [] : [`${host} to ${target}`];
        }),
      );
      t.deepEqual(failed(checks).map(short), wrong, way);
    }
  });

  test(`${candidate}: a foreign source, a false account, and silence fail`, async (t) => {
    const foreign = await carryThrough(candidate, { leaving: ({ way }) => ({ way, source: '192.168.2.99' }) });
    t.is(failed(foreign).length, 9);
    const right = await carryThrough(candidate);
    const answered = right.filter(({ expected }) => expected.endsWith(', answered')).map(({ name }) => name);
    t.deepEqual(failed(await carryThrough(candidate, { accepted: () => false })), answered);
    t.is(failed(await carryThrough(candidate, { silent: true })).length, 12);
  });

  test(`${candidate}: a VPN by the other line fails, and answers by another way than the company's`, async (t) => {
    const other = await carryThrough(candidate, { vpnLine: 'ppp1' });
    t.deepEqual(failed(other).map(short), ['the VPN']);
    const answers = await carryThrough(candidate, { answers: candidate === 'balance-8-2' ? 'tun0' : 'ppp1' });
    t.deepEqual(failed(answers), ["the server's answers to the company's host"]);
    t.deepEqual(failed(await carryThrough(candidate, { astray: true })), ["the server's answers to the desktop"]);
  });
}

test('what becomes of a connection is named', async (t) => {
  const found = async (candidate: string, name: string) =>
    (await carryThrough(candidate)).find((each) => short(each.name) === name)?.found;
  t.is(await found('balance-8-2', "desktop to isp2's statistics"), 'by ppp0 from 203.0.113.2, refused');
  t.is(await found('balance-8-2', 'laptop to the company'), 'by ppp0 from 203.0.113.2, not answered');
  t.is(
    await found('home-pins-one-snat', "desktop to isp2's statistics"),
    'by ppp1 from 192.168.2.100, source-filtered',
  );
  t.is(await found('home-pins-one-snat', "server to isp2's statistics"), 'by ppp1 from 203.0.113.2, source-filtered');
  t.is(await found('home-connmark', 'server to the company'), 'by tun0 from 10.9.0.2, answered');
});
