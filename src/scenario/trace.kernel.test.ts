import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { kernelBackend } from '../kernel/lab.ts';
import { asRoot } from '../kernel/testing.ts';
import { modelBackend } from '../model/lab.ts';
import type { Cause } from '../backend/cause.ts';
import type { Call } from './call.ts';
import { loadCandidate, loadTopology } from './catalogue.ts';
import { sameTrace, traceCall } from './trace.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const usual: Call = {
  ...{ from: 'client', to: { host: 'server', interface: 'isp1' }, protocol: 'udp', port: 5000, sourcePort: 40000 },
  ...{ sender: 'unbound', bind: null },
};

async function alike(
  t: ExecutionContext,
  name: string,
  place: string,
  wanted: Partial<Call>,
  cause: Cause | null,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'trace-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const [network = '', uplink = ''] = place.split('@');
  const options = {
    topology: await loadTopology(network),
    candidate: await loadCandidate(name),
    call: { ...usual, to: { host: 'server', interface: uplink }, ...wanted },
    ...{ profile: 'kernel', seed: 3, directory },
  };
  const model = await traceCall(modelBackend({ release: kernelBackend.release, turn }), options);
  const kernel = await traceCall(kernelBackend, options);
  t.is(kernel.verdict.cause, cause);
  t.notThrows(() => sameTrace(kernel, model));
  t.true(kernel.request.length > 0);
  // What the kernel tells is what it dropped; of ARP it tells nothing, and that is inferred.
  const dropped = kernel.why.map(({ packet, host, stage }) => `${packet} ${host} ${stage}`);
  const places = { 'reverse-path': ['request server drop'], 'martian-source': ['reply server drop'] } as const;
  t.deepEqual(dropped, cause === 'reverse-path' || cause === 'martian-source' ? places[cause] : []);
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
