import type { Evidence } from '../backend/crossing.ts';
import { protocolOf, type Answer, type Dial, type Request } from '../backend/service.ts';
import type { Topology } from '../topology/topology.ts';
import { droppedIn } from './dropped.ts';
import { recordFlow } from './journey.ts';
import { isExpected, type CellResult, type Expected } from './result.ts';
import { describeJourney, judgeFlow } from './verdict.ts';

/** What was asked of a service at an uplink, and what should come of it. A service may be asked by several clients. */
export interface Asked {
  readonly service: string;
  readonly uplink: string;
  readonly client: string;
  /** The host behind the server that the port is forwarded to; absent: the server answers itself. */
  readonly behind?: string;
  readonly calls: readonly { readonly request: Request | Dial; readonly answer: Answer }[];
  readonly expected: Expected;
}

/** Judges a cell of the matrix: it works if every call does; otherwise the first that didn't decides. */
export function judgeCell(topology: Topology, evidence: Evidence, asked: Asked): CellResult {
  const dropped = droppedIn(topology, evidence);
  const journeys = asked.calls.map(({ request, answer }) => {
    const { server, port, sourcePort } = request;
    const behind = asked.behind === undefined ? {} : { behind: asked.behind };
    const flow = { client: asked.client, ...behind, protocol: protocolOf(request), sourcePort, server, port };
    return judgeFlow(topology, asked.client, recordFlow(topology, evidence, flow), answer.accepted, dropped);
  });
  const journey = journeys.find(({ verdict }) => verdict.cause !== null) ?? journeys[0];
  if (!journey) throw new Error(`${asked.service} at ${asked.uplink}: nothing was asked`);
  const found = journey.verdict.cause ?? 'works';
  return {
    kind: 'cell',
    service: asked.service,
    uplink: asked.uplink,
    expected: asked.expected,
    found,
    ok: isExpected(asked.expected, found),
    detail: describeJourney(topology, journey, dropped),
    journey,
  };
}
