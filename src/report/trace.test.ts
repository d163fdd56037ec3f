import test from 'ava';
import type { Crossing } from '../backend/crossing.ts';
import type { Trace } from '../scenario/trace.ts';
import { traceJson, traceText } from './trace.ts';

const [client, server] = ['198.51.100.10:40000', '203.0.113.2:5000'];

function crossing(place: string, source: string, destination: string): Crossing {
  const [host = '', name = '', direction] = place.split(' ');
  return {
    ...{ time: 1, host, interface: name, direction: direction as 'in' | 'out', source, destination },
    ...{ protocol: 'udp', identity: '7', bytes: 42, summary: 'UDP 14 bytes' },
  };
}

const trace: Trace = {
  ...{ backend: 'model', era: '6.18.44', topology: 'two-hosts', candidate: 'bare' },
  call: {
    ...{ from: 'client', to: { host: 'server', interface: 'isp1' }, protocol: 'udp', port: 5000, sourcePort: 40000 },
    ...{ sender: 'unbound', bind: null },
  },
  request: [crossing('client net out', client, server), crossing('server isp1 in', client, server)],
  reply: [],
  verdict: {
    ...{ answered: false, accepted: false, arrivedBy: 'isp1', leftBy: null, sourceMatches: false },
    cause: 'no-reply',
  },
  why: [
    { packet: 'request', after: 0, host: 'client', stage: 'socket', text: 'the socket is connected' },
    {
      ...{ packet: 'request', after: 2, host: 'server', stage: 'rule', text: 'rule 5: from all lookup 7' },
      at: { file: '/lab/up.sh', line: 3, column: 1 },
    },
    { packet: 'reply', after: 0, host: 'server', stage: 'drop', text: 'a bell: \u0007' },
  ],
};

test('for people: each host once a visit, its decisions where they were made, with file and line', (t) => {
  const shortened = (file: string): string => file.replace('/lab/', '');
  t.is(
    traceText(trace, { color: false, shortened }),
    `client calls server by isp1 under bare, in two-hosts
model backend, Linux 6.18.44, UDP port 5000, server unbound

request
  client
    socket        the socket is connected
  ← out net: ${client} > ${server} udp
  server
  → in isp1: ${client} > ${server} udp
    rule          rule 5: from all lookup 7  up.sh:3

reply
  server
    drop          a bell: \\u0007
  none left

not answered; arrived by isp1, never left: no-reply
the request reached the server, and nothing came back out of it
`,
  );
});

test('where both were asked, it says who tells', (t) => {
  const [first] = trace.why;
  const why = (['model', 'kernel'] as const).map((backend) => ({ ...first!, backend }));
  const text = traceText({ ...trace, backend: 'both', why }, { color: false, shortened: String });
  t.true(
    text.includes(
      '    socket        model:  the socket is connected\n    socket        kernel: the socket is connected\n',
    ),
  );
});

test('as JSON: what is the same on every backend, and why', (t) => {
  const document = JSON.parse(traceJson(trace)) as Record<string, unknown>;
  t.deepEqual(document, {
    ...{ backend: 'model', era: '6.18.44', topology: 'two-hosts', candidate: 'bare' },
    request: [
      { host: 'client', interface: 'net', direction: 'out', source: client, destination: server, protocol: 'udp' },
      { host: 'server', interface: 'isp1', direction: 'in', source: client, destination: server, protocol: 'udp' },
    ],
    ...{ reply: [], verdict: trace.verdict, why: trace.why },
  });
});
