import test from 'ava';
import type { Crossing } from '../backend/crossing.ts';
import { LabError } from '../net/error.ts';
import { modelBackend } from '../model/lab.ts';
import type { Call } from './call.ts';
import { loadCandidate, loadTopology } from './catalogue.ts';
import { sameTrace, traceCall, type Trace } from './trace.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** With this seed the hash of the client's address chooses the second of three equal lines, on the kernel as well. */
const seed = 3;

async function traceOf(
  candidate: string,
  uplink: string,
  wanted: Partial<Call> & { readonly topology?: string; readonly release?: string } = {},
): Promise<Trace> {
  const { topology = 'three-isps', release = '6.18.44', ...parts } = wanted;
  return traceCall(modelBackend({ release, turn }), {
    topology: await loadTopology(topology),
    candidate: await loadCandidate(candidate),
    call: {
      ...{ from: 'client', to: { host: 'server', interface: uplink }, protocol: 'udp', port: 5000, sourcePort: 40000 },
      ...{ sender: 'unbound', bind: null, ...parts },
    },
    ...{ profile: 'kernel', seed, directory: '/nonexistent' },
  });
}

/** What a host decided on a packet: `rule: rule 101: from … (up.sh:5)`. */
function decided({ why }: Trace, packet: 'request' | 'reply', host: string): readonly string[] {
  return why
    .filter((reason) => reason.packet === packet && reason.host === host)
    .map(({ stage, text, at }) => `${stage}: ${text}${at ? ` (${at.file.replace(/.*[/]/, '')}:${at.line})` : ''}`);
}

const way = (path: readonly Crossing[]): readonly string[] =>
  path.map(({ host, interface: name, direction, source, destination }) =>
    [host, name, direction, source, '>', destination].join(' '),
  );

test('an unbound socket under round-robin: the hash chooses the line, and the line the address', async (t) => {
  const trace = await traceOf('round-robin', 'isp1');
  t.deepEqual(trace.verdict, {
    ...{ answered: true, accepted: false, arrivedBy: 'isp1', leftBy: 'isp2', sourceMatches: false },
    cause: 'reply-source',
  });
  const [from, to] = ['198.51.100.10:40000', '203.0.113.2:5000'];
  t.deepEqual(
    way(trace.request),
    [
      ['client cgnat out', 'cgnat client in', 'cgnat internet out', 'internet cgnat in'],
      ['internet isp1 out', 'isp1 internet in', 'isp1 server out', 'server isp1 in'],
    ]
      .flat()
      .map((place) => `${place} ${from} > ${to}`),
  );
  t.deepEqual(way(trace.reply).at(0), `server isp2 out 203.0.114.2:5000 > ${from}`);
  t.deepEqual(decided(trace, 'request', 'server'), [
    'rule: rule 0: from all lookup local',
    'route: table local: local 203.0.113.2 dev isp1',
    'socket: received by the socket on 0.0.0.0:5000',
  ]);
  const reasons = decided(trace, 'reply', 'server');
  const hash = /^nexthop: hash (0x[0-9a-f]+) /.exec(reasons[4] ?? '')?.[1] ?? '';
  // The kernel's bounds of three equal shares (fib_rebalance): the nearest whole number to 2^31 * share, less one.
  const [low, high] = [1, 2].map((part) => Math.round((2 ** 31 * part) / 3) - 1) as [number, number];
  t.true(Number(hash) > low && Number(hash) <= high, hash);
  const bounds = `> 0x${low.toString(16)} and <= 0x${high.toString(16)}`;
  t.deepEqual(reasons, [
    'socket: the socket is bound to no address',
    'rule: rule 0: from all lookup local',
    'rule: rule 32766: from all lookup main',
    'route: table main: default, 3 nexthops (up.sh:12)',
    `nexthop: hash ${hash} ${bounds}: nexthop 2 of 3, via 203.0.114.1 dev isp2`,
    'source: 203.0.114.2, of the nexthop via 203.0.114.1 dev isp2: the sender has named none',
  ]);
  t.deepEqual(decided(trace, 'reply', 'client').slice(0, 2), [
    'route: table local: local 198.51.100.10 dev cgnat',
    'drop: no socket on UDP port 40000 takes what comes from 203.0.114.2:5000',
  ]);
});

for (const sender of ['bound', 'pktinfo', 'pktinfo-interface'] as const) {
  test(`a server that is ${sender} under round-robin: the rule for its address sends it home`, async (t) => {
    const trace = await traceOf('round-robin', 'isp3', { sender });
    t.deepEqual(trace.verdict, {
      ...{ answered: true, accepted: true, arrivedBy: 'isp3', leftBy: 'isp3', sourceMatches: true },
      cause: null,
    });
    const [said, ...reasons] = decided(trace, 'reply', 'server');
    t.is(
      said,
      {
        bound: 'socket: the socket is bound, and sends from 203.0.115.2',
        pktinfo: 'socket: IP_PKTINFO: to leave from 203.0.115.2',
        'pktinfo-interface': 'socket: IP_PKTINFO: to leave from 203.0.115.2 by isp3',
      }[sender],
    );
    t.deepEqual(reasons, [
      'rule: rule 0: from all lookup local',
      'rule: rule 103: from 203.0.115.2 lookup 103 (up.sh:5)',
      'route: table 103: default via 203.0.115.1 dev isp3 (up.sh:4)',
    ]);
  });
}

test('TCP and ICMP answer from the address that was called', async (t) => {
  const rules = [
    'rule: rule 0: from all lookup local',
    'rule: rule 101: from 203.0.113.2 lookup 101 (up.sh:5)',
    'route: table 101: default via 203.0.113.1 dev isp1 (up.sh:4)',
  ];
  const tcp = await traceOf('source-rules', 'isp1', { protocol: 'tcp' });
  t.is(tcp.verdict.cause, null);
  t.deepEqual(decided(tcp, 'reply', 'server'), ["socket: the connection's own address is 203.0.113.2", ...rules]);
  const icmp = await traceOf('source-rules', 'isp1', { protocol: 'icmp', port: 0 });
  t.is(icmp.verdict.cause, null);
  t.deepEqual(decided(icmp, 'reply', 'server'), [
    'icmp: the answer to an echo request leaves from the address that was asked, 203.0.113.2',
    ...rules,
  ]);
});

test('an unbound socket under source rules: no rule matches, the one default route gives line and address', async (t) => {
  const trace = await traceOf('source-rules', 'isp2');
  t.is(trace.verdict.cause, 'reply-source');
  t.deepEqual(decided(trace, 'reply', 'server'), [
    'socket: the socket is bound to no address',
    'rule: rule 0: from all lookup local',
    'rule: rule 32766: from all lookup main',
    'route: table main: default via 203.0.113.1 dev isp1 (up.sh:12)',
    'source: 203.0.113.2, of the nexthop via 203.0.113.1 dev isp1: the sender has named none',
  ]);
});

test('the recipe of 2014: its answer never leaves, for the question of ARP before it is a martian', async (t) => {
  const recipe = { port: 7, sender: 'bound', bind: '10.255.0.1' } as const;
  const trace = await traceOf('veth-dnat-2014', 'isp2', recipe);
  t.is(trace.verdict.cause, 'martian-source');
  t.deepEqual(decided(trace, 'request', 'server'), [
    'conntrack: new: 198.51.100.10:40000 > 203.0.114.2:7',
    'netfilter: iptables ip nat PREROUTING: -p udp --dport 7 -j DNAT --to-destination 10.255.0.1 (up.sh:16)',
    'nat: DNAT: from now on 198.51.100.10:40000 > 10.255.0.1:7',
    'nat: destination becomes 10.255.0.1:7',
    'rule: rule 0: from all lookup local',
    'route: table local: local 10.255.0.1 dev serverintf',
    'socket: received by the socket on 10.255.0.1:7',
  ]);
  t.deepEqual(way(trace.reply), [
    'server serverintf out 203.0.114.2 > 10.255.0.2',
    'server distributeintf in 203.0.114.2 > 10.255.0.2',
  ]);
  const reasons = decided(trace, 'reply', 'server');
  t.true(reasons.includes('nat: source becomes 203.0.114.2:7'));
  t.deepEqual(reasons.slice(-2), [
    'drop: 203.0.114.2 is an address of server itself, and accept_local is 0',
    'drop: nobody answers for 10.255.0.2 on serverintf',
  ]);
  // What the martian check said came after the question, and what routing said before it.
  const after = trace.why.filter(({ packet }) => packet === 'reply').map((reason) => reason.after);
  t.deepEqual([after.at(0), after.at(-1)], [0, 2]);
});

test('… and in its own time it worked: what comes back is untracked, and routed again by its address', async (t) => {
  const recipe = { port: 7, sender: 'bound', bind: '10.255.0.1', release: '3.16' } as const;
  const trace = await traceOf('veth-dnat-2014', 'isp2', recipe);
  t.is(trace.verdict.cause, null);
  t.deepEqual(decided(trace, 'reply', 'server').slice(-4), [
    'netfilter: iptables ip raw PREROUTING: -i distributeintf -j CT --notrack (up.sh:17)',
    'rule: rule 0: from all lookup local',
    'rule: rule 32763: from 203.0.114.2 lookup 102 (up.sh:22)',
    'route: table 102: default via 203.0.114.1 dev isp2 (up.sh:21)',
  ]);
});

test('a strict reverse-path filter: the request is dropped, and the reason says by where its source is reached', async (t) => {
  const trace = await traceOf('home-strict', 'ppp1', { topology: 'home-gateway' });
  t.deepEqual(trace.verdict, {
    ...{ answered: false, accepted: false, arrivedBy: 'ppp1', leftBy: null, sourceMatches: false },
    cause: 'reverse-path',
  });
  t.is(
    decided(trace, 'request', 'server').at(-1),
    'drop: 198.51.100.10 is reached by ppp0, not by ppp1; rp_filter is 1',
  );
  t.deepEqual(trace.reply, []);
});

for (const [uplink, port, called] of [
  ['ppp0', 101, '203.0.113.2'],
  ['ppp1', 102, '203.0.114.77'],
] as const) {
  test(`a port that the server forwards: from ${uplink} to the host behind, which answers by the same line`, async (t) => {
    const wanted = { topology: 'home-gateway', protocol: 'tcp', port: 8080 } as const;
    const trace = await traceOf('home-connmark', uplink, wanted);
    t.deepEqual(trace.verdict, {
      ...{ answered: true, accepted: true, arrivedBy: uplink, leftBy: uplink, sourceMatches: true },
      cause: null,
    });
    t.deepEqual(trace.call.behind, { host: 'desktop', address: '192.168.2.100', port: 80 });
    t.is(way(trace.request).at(-1), 'desktop eth0 in 198.51.100.10:40000 > 192.168.2.100:80');
    t.is(way(trace.reply).at(0), 'desktop eth0 out 192.168.2.100:80 > 198.51.100.10:40000');
    t.is(way(trace.reply).at(-1), `client eth0 in ${called}:8080 > 198.51.100.10:40000`);
    const reasons = decided(trace, 'reply', 'server').filter((reason) => reason.startsWith('route: '));
    t.regex(reasons.join('|'), new RegExp(`^route: table ${port}: default via \\S+ dev ${uplink} `));
  });
}

test('a forwarded port that the server answers by the wrong line', async (t) => {
  const wanted = { topology: 'home-gateway', protocol: 'tcp', port: 8080 } as const;
  const trace = await traceOf('home-pins', 'ppp0', wanted);
  t.is(trace.call.behind?.host, 'desktop');
  t.like(trace.verdict, {
    answered: true,
    accepted: false,
    arrivedBy: 'ppp0',
    leftBy: 'ppp1',
    cause: 'source-filtered',
  });
});

test('a port that is not forwarded has nobody behind', async (t) => {
  const trace = await traceOf('home-connmark', 'ppp0', { topology: 'home-gateway', protocol: 'tcp', port: 8081 });
  t.is(trace.call.behind, undefined);
  t.is(trace.verdict.cause, null);
});

test('an answer that no route takes is told of, though it never leaves', async (t) => {
  const topology = await loadTopology('three-isps');
  const bare = { name: 'bare', title: '', lesson: '', script: '/up.sh', sources: { '/up.sh': '' } };
  const call: Call = {
    ...{ from: 'client', to: { host: 'server', interface: 'isp2' }, protocol: 'udp', port: 5000, sourcePort: 40000 },
    ...{ sender: 'unbound', bind: null },
  };
  const settings = { profile: 'kernel', seed, directory: '/nonexistent' };
  const backend = modelBackend({ release: '6.18.44', turn });
  const trace = await traceCall(backend, { topology, candidate: bare, call, ...settings });
  t.is(trace.verdict.cause, 'no-reply');
  t.deepEqual(decided(trace, 'reply', 'server'), [
    'socket: the socket is bound to no address',
    'route: no route',
    "drop: it can't be sent: ENETUNREACH",
  ]);
});

test('two backends that found the same give one trace; else their differences are told', async (t) => {
  const model = await traceOf('round-robin', 'isp1');
  const kernel: Trace = { ...model, backend: 'kernel', why: [] };
  const why = model.why.map((reason): Trace['why'][number] => ({ ...reason, backend: 'model' }));
  t.deepEqual(sameTrace(kernel, model), { ...kernel, backend: 'both', why });
  // Of each place, what the model says, and then what the kernel does.
  const [first] = model.why;
  const told = { ...first!, text: 'the kernel’s own word' };
  const elsewhere = why.findIndex(({ host }) => host !== first!.host);
  t.deepEqual(
    sameTrace({ ...kernel, why: [told] }, model).why,
    why.toSpliced(elsewhere, 0, { ...told, backend: 'kernel' }),
  );
  const other = await traceOf('round-robin', 'isp1', { sender: 'bound' });
  const error = t.throws(() => sameTrace(kernel, other), { instanceOf: LabError });
  t.is(error.code, 'lab-failed');
  t.regex(error.message, /another reply/);
  t.regex(error.message, /cause: kernel: reply-source; model: null/);
});
