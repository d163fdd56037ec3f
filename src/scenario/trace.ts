import type { Backend, Lab } from '../backend/lab.ts';
import type { Crossing } from '../backend/crossing.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import { ownerOf, type Topology } from '../topology/topology.ts';
import { validateTopology } from '../topology/validate.ts';
import { calledAddress, castOf, type Behind, type Call, type Cast } from './call.ts';
import { compareJourneys, compareVerdicts } from './compare.ts';
import { control } from './control.ts';
import { droppedIn } from './dropped.ts';
import { recordFlow, type FlowRecord } from './journey.ts';
import type { Verdict } from './result.ts';
import { closing } from './run.ts';
import { judgeFlow } from './verdict.ts';
import { reasonsOf, type Reason } from './why.ts';

/** One request and its answer under a candidate, and why they went as they did. */
export interface Trace {
  readonly backend: Backend['name'] | 'both';
  /** The kernel's release that ran, or that the model stood for. */
  readonly era: string;
  readonly topology: string;
  readonly candidate: string;
  readonly call: Call;
  readonly request: readonly Crossing[];
  readonly reply: readonly Crossing[];
  readonly verdict: Verdict;
  readonly why: readonly Reason[];
}

export interface TraceOptions {
  readonly topology: Topology;
  readonly candidate: Candidate;
  readonly call: Call;
  /** The sysctls that the server starts with. */
  readonly profile: string;
  /** Of the multipath hash. */
  readonly seed: number;
  /** For the lab's captures and logs. */
  readonly directory: string;
}

/**
 * Makes one call in a lab of its own, and follows it. A call that is seen to be forwarded to a host behind the one that is called is
 * made again, in another lab, with the service there.
 *
 * @throws LabError 'lab-failed' if the network carries nothing before the candidate is there, or the candidate's script fails
 */
export async function traceCall(backend: Backend, options: TraceOptions): Promise<Trace> {
  validateTopology(options.topology);
  const followed = await followIn(backend, options);
  if (!('behind' in followed)) return followed;
  const again = await followIn(backend, { ...options, call: { ...options.call, behind: followed.behind } });
  if ('behind' in again) throw new LabError('lab-failed', `${again.behind.host} was not called again`);
  return again;
}

/** One call in one lab; or where it was forwarded to, if nothing could know that before. */
async function followIn(backend: Backend, options: TraceOptions): Promise<Trace | { readonly behind: Behind }> {
  const { topology, candidate, call, profile, seed, directory } = options;
  const cast = castOf(topology, call);
  const settings = { profile, seed, directory, label: 'trace', tunnels: cast.tunnels, explain: true };
  const lab = await backend.open(topology, settings);
  const followed = await closing(lab, () => follow(lab, candidate, call, cast));
  if ('behind' in followed) return followed;
  return {
    backend: backend.name,
    era: backend.release,
    topology: topology.name,
    candidate: candidate.name,
    call,
    ...followed,
  };
}

async function follow(
  lab: Lab,
  candidate: Candidate,
  call: Call,
  { service, host, request }: Cast,
): Promise<Pick<Trace, 'request' | 'reply' | 'verdict' | 'why'> | { readonly behind: Behind }> {
  const { topology } = lab;
  const controlled = await control(lab);
  if (!controlled.ok) throw new LabError('lab-failed', `${controlled.name}: ${controlled.found}`);
  await lab.apply(candidate);
  if (service) await lab.serve(host, service);
  const { accepted } = await lab.request(call.from, request);
  const evidence = await lab.evidence();
  const { protocol, port, sourcePort, from: client } = call;
  const flow = { client, protocol, sourcePort, server: calledAddress(topology, call), port };
  const record = recordFlow(topology, evidence, { ...flow, ...(call.behind && { behind: call.behind.host }) });
  const behind = call.behind ? undefined : forwardedTo(topology, record, call.to.host);
  if (behind) return { behind };
  const journey = judgeFlow(topology, client, record, accepted, droppedIn(topology, evidence));
  return { ...journey, why: reasonsOf(topology, evidence, journey) };
}

/** Where a request of a flow came to, if that is another host than the one that was called. */
function forwardedTo(topology: Topology, { requests }: FlowRecord, called: string): Behind | undefined {
  return requests.flatMap((path): readonly Behind[] => {
    const last = path.at(-1);
    if (last?.direction !== 'in' || last.host === called) return [];
    const [address = '', port = '0'] = last.destination.split(':');
    return ownerOf(topology, address) === last.host ? [{ host: last.host, address, port: Number(port) }] : [];
  })[0];
}

/**
 * The one trace that both backends found, with the reasons of both.
 *
 * @throws LabError 'lab-failed' with their differences if they found two
 */
export function sameTrace(kernel: Trace, model: Trace): Trace {
  const differences = [...compareJourneys(kernel, model), ...compareVerdicts(kernel.verdict, model.verdict)];
  if (differences.length > 0) {
    throw new LabError('lab-failed', ['the model does otherwise than the kernel', ...differences].join('\n'));
  }
  const why = (['request', 'reply'] as const).flatMap((packet) =>
    [model, kernel].flatMap(({ backend, why: reasons }) =>
      reasons
        .filter((reason) => reason.packet === packet)
        .map((reason) => ({ ...reason, backend: backend as 'kernel' | 'model' })),
    ),
  );
  // Side by side, in the order of the way.
  return { ...kernel, backend: 'both', why: why.sort(byPlace) };
}

const byPlace = (one: Reason, other: Reason): number =>
  one.packet === other.packet ? one.after - other.after : one.packet === 'request' ? -1 : 1;
