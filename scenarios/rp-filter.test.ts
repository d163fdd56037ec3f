import test, { type ExecutionContext } from 'ava';
import type { Crossing } from '../src/backend/crossing.ts';
import type { Lab } from '../src/backend/lab.ts';
import { protocolOf, type Request, type Service } from '../src/backend/service.ts';
import { candidateNames, loadCandidate } from '../src/scenario/catalogue.ts';
import type { CellResult, CheckResult, StatementResult } from '../src/scenario/result.ts';
import type { Trial } from '../src/scenario/scenario.ts';
import scenario from './rp-filter.ts';

const services = ['web', 'udp', 'ping', 'forwarded-port', 'pinned', 'pinned-from-home'];
const lines = ['ppp0', 'ppp1'];
const own = ['203.0.113.2', '203.0.114.77'];
const client = '198.51.100.10';

/**
 * What a strict filter drops of what comes in by the second line. It asks where an answer would go, from the address that
 * the packet has when it is routed. No mark counts without src_valid_mark: all of it goes by the first line. A rule by
 * source counts: for the line's own address, which forwarded packets and answers to what NAT has changed don't have.
 */
const dropped: Readonly<Record<string, readonly string[]>> = {
  'home-strict': services,
  'home-strict-valid-mark': [],
  'home-loose': [],
  'home-strict-balanced': [],
  'home-strict-source-rules': ['forwarded-port', 'pinned', 'pinned-from-home'],
};

/** A packet by the interfaces it crosses, `host:interface`, out and in by turns. */
function packet(way: string, of: Pick<Crossing, 'source' | 'destination' | 'protocol' | 'identity'>, time: number) {
  return way.split(' ').map((place, index): Crossing => {
    const [host = '', name = ''] = place.split(':');
    const echo = of.protocol === 'icmp' ? { echo: of.identity.slice(1) } : {};
    const direction = index % 2 === 0 ? 'out' : 'in';
    return { time: time + index / 100, host, interface: name, direction, ...of, ...echo, bytes: 60, summary: '' };
  });
}

const backwards = (way: string): string => way.split(' ').reverse().join(' ');

/** The packets of a request and, unless something keeps it, its answer; `line` is the one that it goes by. */
function play(request: Request, host: string, line: number, filters: boolean): readonly Crossing[] {
  const { server, sourcePort, port } = request;
  const [isp, name] = [`isp${line + 1}`, lines[line]!];
  const protocol = protocolOf(request);
  const ends = (source: string, destination: string, identity: string) => ({ source, destination, protocol, identity });
  const near = protocol === 'icmp' ? client : `${host === 'client' ? client : own[line]!}:${sourcePort}`;
  const far = protocol === 'icmp' ? server : `${server}:${port}`;
  const [there, back] = [ends(near, far, `?${sourcePort}`), ends(far, near, `!${sourcePort}`)];
  if (host === 'client') {
    const way = `client:eth0 internet:client internet:${isp} ${isp}:internet ${isp}:server server:${name}`;
    const inner = port === 8080 ? ' server:eth2 desktop:eth0' : '';
    if (filters) return packet(way, there, 10);
    return [...packet(way + inner, there, 10), ...packet(backwards(way + inner), back, 11)];
  }
  const home = host === 'desktop' ? 'desktop:eth0 server:eth2 ' : '';
  const beyond =
    port === 25
      ? `${isp}:internet internet:${isp} internet:mail mail:eth0`
      : line === 1
        ? 'isp2:statistics statistics:eth0'
        : 'isp1:internet internet:isp1 internet:isp2 isp2:internet isp2:statistics statistics:eth0';
  const way = `${home}server:${name} ${isp}:server ${beyond}`;
  const answer = packet(backwards(way), back, 11);
  const kept = filters ? answer.findIndex((each) => each.host === 'server') + 1 : answer.length;
  return [...packet(way, there, 10), ...answer.slice(0, kept)];
}

interface World {
  readonly drops?: (service: string, line: number) => boolean;
  /** The counter's difference from the number of packets. */
  readonly miscount?: number;
  /** What the kernel says that it dropped, of what it did; without it, it says nothing. */
  readonly named?: (packets: readonly Crossing[]) => readonly Crossing[];
  /** How many of its words it kept back. */
  readonly missed?: number;
  /** When the counter is read. */
  readonly counted?: { readonly from: number; readonly to: number };
  /** When a call from outside that was dropped comes in a second time. */
  readonly again?: number;
  /** The line that what is pinned to a line takes. */
  readonly pin?: (line: number) => number;
}

function serviceOf(request: Request, host: string): string {
  if (host !== 'client') return host === 'server' ? 'pinned' : 'pinned-from-home';
  if (request.kind === 'tcp-echo') return request.port === 80 ? 'web' : 'forwarded-port';
  return request.kind === 'udp-echo' ? 'udp' : request.kind;
}

async function carryThrough(trial: Trial, world: World = {}) {
  const { miscount = 0, counted = { from: 100, to: 100 }, pin = (line: number) => line } = world;
  const drops = world.drops ?? ((service, line) => line === 1 && dropped[trial.candidate]!.includes(service));
  const served: [string, Service][] = [];
  const requests: [string, Request][] = [];
  // The control has pinged each line.
  const control = { source: '203.0.114.1', destination: own[1]!, protocol: 'icmp', identity: '?control' } as const;
  const crossings: Crossing[] = [...packet('isp2:server server:ppp1', control, 0)];
  const lost: Crossing[] = [];
  const fail = (): never => {
    throw new Error('a scenario does not do that');
  };
  const lab: Lab = {
    ...{
      topology: trial.topology,
      seeded: true,
      unanswered: fail,
      apply: fail,
      close: fail,
      sysctl: fail,
      sweep: fail,
    },
    ...{
      scatter: fail,
      dial: fail,
      change: fail,
      inflict: fail,
      probe: fail,
      route: fail,
      now: fail,
      interleave: fail,
      run: fail,
      muster: fail,
    },
    serve: (host, service) => {
      served.push([host, service]);
      return Promise.resolve({ said: fail, stop: fail });
    },
    request: (host, request) => {
      requests.push([host, request]);
      const line = host === 'client' ? own.indexOf(request.server) : request.port === 25 ? 0 : 1;
      const kept = drops(serviceOf(request, host), line);
      const played = play(request, host, host === 'client' ? line : pin(line), kept);
      crossings.push(...played);
      if (kept) lost.push(played.at(-1)!);
      if (world.again !== undefined && serviceOf(request, host) === 'web' && kept) {
        crossings.push(...play(request, host, line, true).map((each) => ({ ...each, time: world.again! })));
      }
      return Promise.resolve({ accepted: !kept, said: [], bytes: null });
    },
    evidence: () => {
      const count = { value: lost.length + miscount, ...counted };
      const drops = world.named?.(lost).map((each) => ({ ...each, reason: 'IP_RPFILTER', function: 'f' })) ?? null;
      const inOrder = [...crossings].sort((one, other) => one.time - other.time);
      const { missed: dropsMissed } = world;
      const told = { drops, ...(dropsMissed !== undefined && { dropsMissed }) };
      return Promise.resolve({ crossings: inOrder, until: 1000, filtered: count, ...told });
    },
  };
  const candidate = await loadCandidate(trial.candidate);
  const checks = await scenario.run(lab, trial, { candidate, release: '6.18.0', seed: 3 });
  const cells = checks.filter((check): check is CellResult => check.kind === 'cell');
  return { served, requests, checks, cells, count: checks.at(-1) as StatementResult };
}

const failed = (checks: readonly CheckResult[]) =>
  checks
    .filter(({ ok }) => !ok)
    .map((check) => (check.kind === 'cell' ? `${check.service} at ${check.uplink}: ${check.found}` : check.name));

test('five candidates, each tried once', async (t) => {
  t.deepEqual(
    scenario.trials.map(({ candidate }) => candidate),
    Object.keys(dropped),
  );
  for (const name of Object.keys(dropped)) t.true((await candidateNames()).includes(name));
  t.deepEqual(scenario.services, services);
});

const inEachTrial = (title: string, check: (t: ExecutionContext, trial: Trial) => Promise<void>): void => {
  for (const trial of scenario.trials) test(`${trial.candidate}: ${title}`, (t) => check(t, trial));
};

inEachTrial('each service is judged at each line, by the table', async (t, trial) => {
  const { checks, cells } = await carryThrough(trial);
  t.deepEqual(failed(checks), []);
  t.deepEqual(
    cells.map(({ service, uplink, found }) => [service, uplink, found]),
    lines.flatMap((line, index) =>
      services.map((service) => {
        const drops = index === 1 && dropped[trial.candidate]!.includes(service);
        return [service, line, drops ? 'reverse-path' : 'works'];
      }),
    ),
  );
});

inEachTrial('a filter that drops nothing, or all of both lines, is not taken for this one', async (t, trial) => {
  const wrong = dropped[trial.candidate]!;
  const open = await carryThrough(trial, { drops: () => false });
  t.deepEqual(
    failed(open.cells),
    wrong.map((service) => `${service} at ppp1: works`),
  );
  t.is(open.count.ok, wrong.length === 0);
  const shut = await carryThrough(trial, { drops: () => true });
  const right = lines.flatMap((line, index) =>
    services
      .filter((service) => index === 0 || !wrong.includes(service))
      .map((service) => `${service} at ${line}: reverse-path`),
  );
  t.deepEqual(failed(shut.cells), right);
  t.false(shut.count.ok);
});

inEachTrial('the counter is to be the number of packets', async (t, trial) => {
  for (const miscount of [-1, 1]) {
    const { count } = await carryThrough(trial, { miscount });
    t.false(count.ok, `${count.expected}, ${count.found}`);
  }
  const { count } = await carryThrough(trial);
  t.is(count.found, String(dropped[trial.candidate]!.length));
});

inEachTrial('what goes by the line that it is not pinned to', async (t, trial) => {
  const { checks } = await carryThrough(trial, { pin: (line) => 1 - line, drops: () => false });
  const pins = failed(checks).filter((name) => name.includes('leaves'));
  t.deepEqual(pins, [
    'pinned at ppp0 leaves',
    'pinned-from-home at ppp0 leaves',
    'pinned at ppp1 leaves',
    'pinned-from-home at ppp1 leaves',
  ]);
});

inEachTrial('the kernel is to name all packets that were to be dropped, and no others', async (t, trial) => {
  const number = dropped[trial.candidate]!.length;
  const right = await carryThrough(trial, { named: (packets) => packets });
  t.deepEqual(failed(right.checks), []);
  t.is(right.count.found, `${number} of ${number}, no other`);
  const stranger: Crossing = {
    ...{
      time: 10,
      host: 'server',
      interface: 'ppp0',
      direction: 'in',
      protocol: 'tcp',
      identity: 'x',
      bytes: 60,
      summary: '',
    },
    ...{ source: '198.51.100.10:5', destination: '203.0.113.2:6' },
  };
  const more = await carryThrough(trial, { named: (packets) => [...packets, stranger] });
  t.deepEqual(failed(more.checks), [right.count.name]);
  t.is(more.count.found, `${number} of ${number}, 1 other`);
  const elsewhere = await carryThrough(trial, { named: (packets) => [...packets, { ...stranger, host: 'isp1' }] });
  t.deepEqual(failed(elsewhere.checks), []);
  if (number === 0) return;
  const less = await carryThrough(trial, { named: (packets) => packets.slice(1) });
  t.is(less.count.found, `${number - 1} of ${number}, no other`);
  t.is(failed(less.checks).length, 2, 'the cell of that packet, too');
});

inEachTrial('no more words may be lacking than the kernel counts that it kept back', async (t, trial) => {
  const number = dropped[trial.candidate]!.length;
  const one = await carryThrough(trial, { named: (packets) => packets.slice(1), missed: 1 });
  t.deepEqual(failed(one.checks), [], 'and the counter stands for that packet');
  const told = `${Math.max(number - 1, 0)} of ${number}, no other`;
  t.is(one.count.found, `${told} (the kernel kept back 1 of its words, of whatever they were)`);
  if (number < 2) return;
  const two = await carryThrough(trial, { named: (packets) => packets.slice(2), missed: 1 });
  t.deepEqual(failed(two.checks), [two.count.name]);
});

const strict = scenario.trials[0]!;

test('what nothing says was dropped has got no answer, and no more', async (t) => {
  const { cells, count } = await carryThrough(strict, { miscount: -services.length });
  t.deepEqual(
    failed(cells).slice(0, 4),
    ['web', 'udp', 'ping', 'forwarded-port'].map((name) => `${name} at ppp1: no-reply`),
  );
  t.false(count.ok);
});

test('a packet that comes in while the counter is read may be in it or not', async (t) => {
  for (const [miscount, ok] of [
    [-1, false],
    [0, true],
    [1, true],
    [2, false],
  ] as const) {
    const { count } = await carryThrough(strict, { miscount, again: 50, counted: { from: 49, to: 51 } });
    t.is(count.expected, '6 to 7');
    t.is(count.ok, ok, count.found);
  }
});

test('a caller of whom no packet was seen proves nothing', async (t) => {
  const { count } = await carryThrough(strict, { counted: { from: 5, to: 5 }, miscount: -services.length });
  t.like(count, { expected: '0', found: '0', ok: false });
});

inEachTrial('requests go to what is served, from ports of their own', async (t, trial) => {
  const { served, requests } = await carryThrough(trial);
  const ports = requests.map(([, { sourcePort }]) => sourcePort);
  t.is(new Set(ports).size, ports.length);
  const owner: Readonly<Record<string, string>> = { '198.51.100.70': 'mail', '203.0.114.200': 'statistics' };
  for (const [, request] of requests) {
    if (request.kind === 'ping') continue;
    const host = request.port === 8080 ? 'desktop' : (owner[request.server] ?? 'server');
    const port = request.port === 8080 ? 80 : request.port;
    const match = served.filter(
      ([at, service]) =>
        at === host &&
        service.port === port &&
        service.kind === request.kind &&
        (service.kind !== 'udp-echo' ||
          service.binding.kind !== 'address' ||
          service.binding.address === request.server),
    );
    t.is(match.length, 1, `${request.kind} to ${request.server}:${request.port}`);
  }
});
