import type { Backend, Lab } from '../backend/lab.ts';
import type { Crossing } from '../backend/crossing.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { validateTopology } from '../topology/validate.ts';
import { calledAddress, castOf, type Call, type Cast } from './call.ts';
import { compareJourneys } from './compare.ts';
import { control } from './control.ts';
import { droppedIn } from './dropped.ts';
import { recordFlow } from './journey.ts';
import type { Verdict } from './result.ts';
import { closing } from './run.ts';
import { judgeFlow } from './verdict.ts';
import { reasonsOf, type Reason } from './why.ts';

/** One request and its answer under a candidate, and why they went as they did. */
export interface Trace {
  readonly backend: 'kernel' | 'model' | 'both';
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
 * Makes one call in a lab of its own, and follows it.
 *
 * @throws LabError 'lab-failed' if the network carries nothing before the candidate is there, or the candidate's script fails
 */
export async function traceCall(backend: Backend, options: TraceOptions): Promise<Trace> {
  const { topology, candidate, call, profile, seed, directory } = options;
  validateTopology(topology);
  const cast = castOf(topology, call);
  const settings = { profile, seed, directory, label: 'trace', tunnels: cast.tunnels, explain: true };
  const lab = await backend.open(topology, settings);
  const followed = await closing(lab, () => follow(lab, candidate, call, cast));
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
  { service, request }: Cast,
): Promise<Pick<Trace, 'request' | 'reply' | 'verdict' | 'why'>> {
  const { topology } = lab;
  const controlled = await control(lab);
  if (!controlled.ok) throw new LabError('lab-failed', `${controlled.name}: ${controlled.found}`);
  await lab.apply(candidate);
  if (service) await lab.serve(call.to.host, service);
  const { accepted } = await lab.request(call.from, request);
  const evidence = await lab.evidence();
  const { protocol, port, sourcePort, from: client } = call;
  const flow = { client, protocol, sourcePort, server: calledAddress(topology, call), port };
  const record = recordFlow(topology, evidence, flow);
  const journey = judgeFlow(topology, client, record, accepted, droppedIn(topology, evidence));
  return { ...journey, why: reasonsOf(topology, evidence, journey) };
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
  const reasons = [...model.why, ...kernel.why];
  return { ...kernel, backend: 'both', why: reasons };
}

function compareVerdicts(kernel: Verdict, model: Verdict): readonly string[] {
  return (Object.keys(kernel) as (keyof Verdict)[])
    .filter((key) => kernel[key] !== model[key])
    .map((key) => `${key}: kernel: ${kernel[key]}; model: ${model[key]}`);
}
