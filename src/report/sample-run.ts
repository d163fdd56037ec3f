// Runs for the tests of this folder: one as the lab might have made it, and any at all.
import fc from 'fast-check';
import type { Crossing } from '../backend/crossing.ts';
import type { CellResult, CheckResult, Outcome, RunResult, StatementResult, TrialResult } from '../scenario/result.ts';
import { causeNames, outcomes } from './outcome.ts';

const services = ['openvpn-udp', 'openvpn-tcp', 'dns-per-address', 'dns-pktinfo', 'ssh', 'udp-echo'];
const uplinks = ['isp1', 'isp2', 'isp3'];

function crossing(host: string, port: string, direction: 'in' | 'out', source: string, destination: string): Crossing {
  const flow = { source, destination, protocol: 'udp', identity: '1', bytes: 42, summary: 'UDP 14 bytes' } as const;
  return { time: 0, host, interface: port, direction, ...flow };
}

function cell(service: string, uplink: string, expected: Outcome, found: Outcome): CellResult {
  const client = '198.51.100.10:40001';
  const server = '203.0.114.2:1194';
  const works = found === 'works';
  return {
    kind: 'cell',
    service,
    uplink,
    expected,
    found,
    ok: expected === found,
    detail: works ? `the reply went back by ${uplink}` : 'the reply left isp1 from 203.0.113.2',
    journey: {
      request: [crossing('client', 'cgnat', 'out', client, server), crossing('server', uplink, 'in', client, server)],
      reply: [crossing('server', works ? uplink : 'isp1', 'out', works ? server : '203.0.113.2:1194', client)],
      verdict: {
        answered: true,
        accepted: works,
        arrivedBy: uplink,
        leftBy: works ? uplink : 'isp1',
        sourceMatches: works,
        cause: works ? null : found,
      },
    },
  };
}

type Outcomes = (service: string, uplink: string) => Outcome;

function cells(expected: Outcomes, found: Outcomes): readonly CellResult[] {
  return services.flatMap((service) =>
    uplinks.map((uplink) => cell(service, uplink, expected(service, uplink), found(service, uplink))),
  );
}

const control: StatementResult = {
  kind: 'statement',
  name: 'the control carries traffic',
  expected: '18 of 18',
  found: '18 of 18',
  ok: true,
};

function trial(candidate: string, checks: readonly CheckResult[], variant = ''): TrialResult {
  return { candidate, variant, checks: [control, ...checks], milliseconds: 1234 };
}

const works: Outcomes = () => 'works';
const firstUplinkOnly: Outcomes = (service, uplink) =>
  uplink === 'isp1' ? 'works' : service.includes('tcp') ? 'reply-interface' : 'reply-source';

/** Three services' worth of every way to go wrong. */
export const sampleRun: RunResult = {
  backend: 'kernel',
  kernel: '6.8.0-45-generic',
  profile: 'debian',
  seed: 7,
  startedAt: '2025-01-02T03:04:05.000Z',
  milliseconds: 9876,
  scenarios: [
    {
      name: 'three-uplinks',
      title: 'Three uplinks, one behind a NAT',
      services,
      milliseconds: 5000,
      trials: [
        trial('default-route-only', cells(firstUplinkOnly, firstUplinkOnly)),
        trial('source-rules', cells(works, works)),
        trial(
          'source-rules',
          cells(works, (service, uplink) => (service === 'ssh' && uplink === 'isp2' ? 'source-filtered' : 'works')),
          'isp1 does not filter',
        ),
        trial('mark-connections', [
          ...cells(firstUplinkOnly, (service) => (service === 'dns-pktinfo' ? 'works' : 'no-reply')).slice(0, 15),
          {
            ...control,
            name: 'the log names no error',
            expected: 'no line',
            found: '\u001b[31merror\u001b[0m',
            ok: false,
          },
        ]),
        {
          ...trial('broken-script', []),
          checks: [],
          error: { message: 'up.sh:3:1: exit status 2', hint: 'see logs/server-up.log' },
        },
      ],
    },
  ],
};

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '',
    '---',
    '...',
    'ok 1',
    'ok 1 - x # SKIP',
    'not ok 2',
    '1..0',
    'Bail out!',
    '# Subtest: x',
    'pragma +bail',
  ),
  fc.constantFrom(
    'a # skip b',
    '\\',
    '\\#',
    '\\\\#',
    '"',
    "'",
    'a\nok 1\n',
    'a {',
    '{',
    'no',
    'null',
    '0x10',
    '~',
    '<&>]]>',
  ),
  fc.constantFrom(
    '\u001b[31m',
    '\u0000',
    '\u0085',
    '\u2028',
    '\u202e',
    '\ufeff',
    '\ud800',
    '🦊',
    ' a ',
    '!!js/x',
    'a: b',
    '__proto__',
  ),
);
const outcome = fc.constantFrom(...outcomes);
const natural = fc.nat({ max: 1e6 });

const anyCrossing: fc.Arbitrary<Crossing> = fc.record({
  time: natural,
  host: text,
  interface: text,
  direction: fc.constantFrom('in', 'out'),
  source: text,
  destination: text,
  protocol: fc.constantFrom('udp', 'tcp', 'icmp'),
  identity: text,
  bytes: natural,
  summary: text,
});

const anyCell: fc.Arbitrary<CellResult> = fc.record({
  kind: fc.constant('cell'),
  service: text,
  uplink: text,
  expected: outcome,
  found: outcome,
  ok: fc.boolean(),
  detail: text,
  journey: fc.record({
    request: fc.array(anyCrossing, { maxLength: 3 }),
    reply: fc.array(anyCrossing, { maxLength: 3 }),
    verdict: fc.record({
      answered: fc.boolean(),
      accepted: fc.boolean(),
      arrivedBy: fc.option(text),
      leftBy: fc.option(text),
      sourceMatches: fc.boolean(),
      cause: fc.option(fc.constantFrom(...causeNames)),
    }),
  }),
});

const anyStatement: fc.Arbitrary<StatementResult> = fc.record({
  kind: fc.constant('statement'),
  name: text,
  expected: text,
  found: text,
  ok: fc.boolean(),
});

const anyLack: fc.Arbitrary<TrialResult> = fc.record({
  candidate: text,
  variant: text,
  checks: fc.constant([]),
  lacks: text,
  milliseconds: natural,
});

const anyTried: fc.Arbitrary<TrialResult> = fc.record(
  {
    candidate: text,
    variant: text,
    checks: fc.array(fc.oneof(anyCell, anyStatement), { maxLength: 3 }),
    error: fc.record({ message: text, hint: text }),
    milliseconds: natural,
  },
  { requiredKeys: ['candidate', 'variant', 'checks', 'milliseconds'], noNullPrototype: true },
);

/** Any run with at least one scenario, its strings as nasty as a packet or a log can make them. */
export const anyRun: fc.Arbitrary<RunResult> = fc.record({
  backend: fc.constantFrom('kernel', 'model', 'both'),
  kernel: text,
  profile: text,
  seed: natural,
  startedAt: text,
  scenarios: fc.array(
    fc.record({
      name: text,
      title: text,
      services: fc.array(text, { maxLength: 3 }),
      trials: fc.array(fc.oneof({ weight: 3, arbitrary: anyTried }, anyLack), { maxLength: 3 }),
      milliseconds: natural,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  milliseconds: natural,
});
