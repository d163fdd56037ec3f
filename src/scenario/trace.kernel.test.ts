import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { kernelBackend } from '../kernel/lab.ts';
import { asRoot } from '../kernel/testing.ts';
import { modelBackend } from '../model/lab.ts';
import type { Cause } from '../backend/cause.ts';
import type { Backend } from '../backend/lab.ts';
import type { Call } from './call.ts';
import { loadCandidate, loadTopology } from './catalogue.ts';
import { compareJourneys } from './compare.ts';
import { sameTrace, traceCall, type Trace, type TraceOptions } from './trace.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const usual: Call = {
  ...{ from: 'client', to: { host: 'server', interface: 'isp1' }, protocol: 'udp', port: 5000, sourcePort: 40000 },
  ...{ sender: 'unbound', bind: null },
};

async function optionsFor(
  t: ExecutionContext,
  name: string,
  place: string,
  wanted: Partial<Call>,
): Promise<TraceOptions> {
  const directory = await mkdtemp(join(tmpdir(), 'trace-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const [network = '', uplink = ''] = place.split('@');
  return {
    topology: await loadTopology(network),
    candidate: await loadCandidate(name),
    call: { ...usual, to: { host: 'server', interface: uplink }, ...wanted },
    ...{ profile: 'kernel', seed: 3, directory },
  };
}

async function alike(
  t: ExecutionContext,
  name: string,
  place: string,
  wanted: Partial<Call>,
  cause: Cause | null,
): Promise<void> {
  const options = await optionsFor(t, name, place, wanted);
  const model = await traceCall(modelBackend({ release: kernelBackend.release, turn }), options);
  const kernel = await traceCall(kernelBackend, options);
  t.is(kernel.verdict.cause, cause);
  t.notThrows(() => sameTrace(kernel, model));
  t.true(kernel.request.length > 0);
  const dropped = kernel.why.filter(({ stage }) => stage === 'drop').map(({ packet, host }) => `${packet} ${host}`);
  // Of ARP the kernel tells nothing, and that is inferred.
  const places = { 'reverse-path': ['request server'], 'martian-source': ['reply server'] } as const;
  t.deepEqual(dropped, cause === 'reverse-path' || cause === 'martian-source' ? places[cause] : []);
  agree(t, kernel, model);
}

/** Whoever says it, in whichever words: the same tables at the server, and as many rules. */
function agree(t: ExecutionContext, kernel: Trace, model: Trace): void {
  for (const packet of ['request', 'reply'] as const) {
    const said = ({ why, ...ways }: Trace, wanted: string): readonly string[] =>
      why.flatMap(({ packet: of, host, stage, text, after }) => {
        // Of ARP, the model has what the reverse-path filter looks up as a route.
        const about = of === packet && host === 'server' && ways[packet][after - 1]?.protocol !== 'arp';
        return about && stage === wanted ? [text] : [];
      });
    const tables = said(model, 'route').flatMap((text) => /^table (\S+):/.exec(text)?.[1] ?? []);
    const found = said(kernel, 'route').flatMap((text) => /^table (\S+) .* ==> dev /.exec(text)?.[1] ?? []);
    t.deepEqual(found, tables, packet);
    t.is(said(kernel, 'netfilter').length, said(model, 'netfilter').length, packet);
  }
}

const recipe = { port: 7, sender: 'bound', bind: '10.255.0.1' } as const;
const tried: readonly [title: string, candidate: string, place: string, wanted: Partial<Call>, cause: Cause | null][] =
  [
    ['an unbound socket', 'round-robin', 'three-isps@isp1', {}, 'reply-source'],
    ['a bound socket', 'round-robin', 'three-isps@isp1', { sender: 'bound' }, null],
    ['IP_PKTINFO', 'round-robin', 'three-isps@isp1', { sender: 'pktinfo' }, null],
    ['IP_PKTINFO with the interface', 'round-robin', 'three-isps@isp1', { sender: 'pktinfo-interface' }, null],
    ['TCP', 'round-robin', 'three-isps@isp3', { protocol: 'tcp' }, null],
    ['ICMP', 'round-robin', 'three-isps@isp3', { protocol: 'icmp', port: 0 }, null],
    ['a strict reverse-path filter', 'home-strict', 'home-gateway@ppp1', {}, 'reverse-path'],
    ['a forwarded port', 'home-connmark', 'home-gateway@ppp1', { protocol: 'tcp', port: 8080 }, null],
    ['an answer that is a martian', 'veth-dnat-2014', 'three-isps@isp2', recipe, 'martian-source'],
  ];
for (const [title, ...expected] of tried)
  asRoot(`kernel and model trace alike: ${title}`, (t) => alike(t, ...expected));

const forwarded = { protocol: 'tcp', port: 8080 } as const;

/** What a host said of a packet, without what is chosen anew each time. */
function said({ why }: Trace, packet: 'request' | 'reply', host: string): readonly string[] {
  return why
    .filter((reason) => reason.packet === packet && reason.host === host)
    .map(({ after, stage, text }) => `${after} ${stage}: ${text}`);
}

asRoot('the kernel tells of look-ups, rules and connections in the order in which they decided', async (t) => {
  const trace = await traceCall(kernelBackend, await optionsFor(t, 'home-connmark', 'home-gateway@ppp1', forwarded));
  const [to, from] = ['198.51.100.10/0 -> 192.168.2.100/0', '192.168.2.100/0 -> 198.51.100.10/0'];
  const tuples =
    'src=198.51.100.10 dst=203.0.114.77 sport=40000 dport=8080 %src=192.168.2.100 dst=198.51.100.10 sport=80 dport=40000 mark=2';
  t.deepEqual(said(trace, 'request', 'server'), [
    '6 netfilter: ip nat PREROUTING: iifname "ppp1" tcp dport 8080 dnat to 192.168.2.100:80 (accept)',
    `6 route: table local oif 0 iif ppp1 proto 0 ${to} tos 0 scope 0 ==> err -11 (EAGAIN: no match)`,
    `6 route: table main oif 0 iif ppp1 proto 0 ${to} tos 0 scope 0 ==> dev eth2`,
    '6 netfilter: ip mangle FORWARD: iifname "ppp1" ct state new ct mark set 0x2 (continue)',
    `6 conntrack: [NEW] tcp 6 120 SYN_SENT ${tuples.replace('%', '[UNREPLIED] ')}`,
  ]);
  t.deepEqual(said(trace, 'reply', 'server'), [
    '2 netfilter: ip mangle PREROUTING: iifname "eth2" meta mark set ct mark (continue)',
    '2 netfilter: ip mangle PREROUTING: iifname "eth2" meta mark != 0x00000000 accept',
    `2 route: table local oif 0 iif eth2 proto 0 ${from} tos 0 scope 0 mark 0x2 ==> err -11 (EAGAIN: no match)`,
    `2 route: table 102 oif 0 iif eth2 proto 0 ${from} tos 0 scope 0 mark 0x2 ==> dev ppp1 gw 203.0.114.1`,
    `2 conntrack: [UPDATE] tcp 6 60 SYN_RECV ${tuples.replace('%', '')}`,
  ]);
});

asRoot('a martian question of ARP, of which the kernel says nothing, is seen to be looked up', async (t) => {
  const options = await optionsFor(t, 'veth-dnat-2014', 'three-isps@isp2', recipe);
  const trace = await traceCall(kernelBackend, options);
  t.deepEqual(
    said(trace, 'reply', 'server').filter((line) => line.startsWith('2 ')),
    [
      '2 route: table local oif 0 iif distributeintf proto 0 203.0.114.2/0 -> 10.255.0.2/0 tos 0 scope 0 ==> dev distributeintf',
      '2 reverse-path: table local oif 0 iif lo proto 0 10.255.0.2/0 -> 203.0.114.2/0 tos 0 scope 0 ==> dev isp2',
      '2 drop: martian-source, as captures and counters tell',
    ],
  );
});

asRoot('an answer that no route takes is told of, though it never leaves', async (t) => {
  const options = await optionsFor(t, 'round-robin', 'three-isps@isp2', {});
  const script = join(options.directory, 'up.sh');
  await writeFile(script, ':\n');
  const bare = { name: 'bare', title: '', lesson: '', script, sources: {} };
  const trace = await traceCall(kernelBackend, { ...options, candidate: bare });
  t.is(trace.verdict.cause, 'no-reply');
  t.deepEqual(said(trace, 'reply', 'server'), [
    '0 route: table main oif 0 iif lo proto 17 0.0.0.0/5000 -> 198.51.100.10/40000 tos 0 scope 0 ==> err -11 (EAGAIN: no match)',
  ]);
});

asRoot('a packet that is traced goes the way of one that is not', async (t) => {
  const untraced: Backend = {
    ...kernelBackend,
    open: (topology, options) => kernelBackend.open(topology, { ...options, explain: false }),
  };
  for (const [name, place, wanted] of [
    ['home-connmark', 'home-gateway@ppp0', forwarded],
    ['veth-dnat', 'three-isps@isp2', recipe],
  ] as const) {
    const options = await optionsFor(t, name, place, wanted);
    const [traced, bare] = [await traceCall(kernelBackend, options), await traceCall(untraced, options)];
    t.true(traced.why.some(({ stage }) => stage === 'netfilter'));
    t.deepEqual(bare.why, []);
    t.deepEqual(compareJourneys(traced, bare), []);
    t.deepEqual(traced.verdict, bare.verdict);
  }
});
