import carrierNetwork from '../lab/topologies/carrier-nat.ts';
import type { Evidence } from '../src/backend/crossing.ts';
import type { StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import {
  dialOf,
  firstUp,
  houseOf,
  inside,
  serveAll,
  statement,
  tunnels,
  vpn,
  type TunnelProtocol,
} from './carrier-nat/house.ts';

interface Setting {
  /** The line loses one of so many packets; `null`: none. */
  readonly lossOneOf: number | null;
  /** Whether what is lost on the line is lost to the TCP inside the tunnel. */
  readonly innerLoss: boolean;
}

/** Bits per second of the carrier's line. */
const rate = 4_000_000;
/** What is fetched through the tunnel. */
const file = { port: 82, chunks: 1200, bytes: 1_200_000 };
const sourcePort = 43000;
/**
 * How many fewer may be lost than by count: each direction is counted for itself, and what else passes is counted with the
 * tunnel's packets. More may be: the line's queue can overflow.
 */
const slack = 4;

export default defineScenario<Setting>({
  title: 'What does a VPN over TCP do to transfers on a line that loses packets?',
  lesson: `A house fetches a file through its tunnel, over UDP and over TCP, by a line of 4 Mbit/s that loses no packet, one of a
hundred, one of 33. The lost ones are counted out, not drawn by lot, so that every run loses as many, and what its queue
has no room for.

In a tunnel over UDP, what the line loses is lost to the TCP inside, which sends it again as it would without a tunnel. In a
tunnel over TCP it isn't: the tunnel's own TCP sends it again, and the TCP inside sees no loss but a pause, in which all
that comes after has to wait. Two of them correct one fault, and neither knows of the other.

What doesn't show here is the meltdown that this is known for. At 3 % the tunnel over TCP is slower by a tenth or a fifth, no more. A
meltdown takes pauses that outlast the patience of the TCP inside (200 ms at least), which then sends again what is on its
way already. They come of long round trips and of losses in a row; here an answer takes a millisecond, and one packet at
a time is lost, so the next acknowledgements tell of it. The kernel's means to delay packets, netem, is not used: not every
kernel has it. That the tunnel over TCP is no worse here is no advice to use it on a line that loses packets.`,
  services: [],
  trials: [
    trial('carrier-default', 'no loss', null, true),
    trial('carrier-tcp', 'no loss', null, false),
    trial('carrier-default', '1 % loss', 100, true),
    trial('carrier-tcp', '1 % loss', 100, false),
    trial('carrier-default', '3 % loss', 33, true),
    trial('carrier-tcp', '3 % loss', 33, false),
  ],
  open: () => 'it compares protocols of the VPN, in which routing has no part',
  run: async (lab, { setting }, { candidate }) => {
    await serveAll(lab, candidate);
    const { port, chunks } = file;
    await lab.serve('cloud', { kind: 'stream', name: 'file', port, address: inside, chunks, pace: 'haste' });
    const dial = dialOf(candidate);
    const tunnel = await lab.dial('router', dial);
    await firstUp(houseOf(lab, 41000), tunnel);
    const answer = await lab.request('lan', { kind: 'stream', server: inside, port, chunks, sourcePort });
    await tunnel.stop();
    const evidence = await lab.evidence();
    return [
      ...judgeLine(evidence, setting, dial.protocol),
      transfer(evidence, answer.bytes?.received ?? 0),
      ...judgeTunnel(evidence, setting),
    ];
  },
});

function trial(candidate: string, variant: string, lossOneOf: number | null, innerLoss: boolean): Trial<Setting> {
  const topology = carrierNetwork({ mode: 'stateful' }, { rate, ...(lossOneOf !== null && { lossOneOf }) });
  return { candidate, variant, topology, tunnels, setting: { lossOneOf, innerLoss } };
}

/** The tunnel's packets as they come to the router that loses some, and as they leave it. */
function judgeLine(
  { crossings }: Evidence,
  { lossOneOf }: Setting,
  protocol: TunnelProtocol,
): readonly StatementResult[] {
  if (lossOneOf === null) return [];
  const passing = crossings.filter(
    (each) => each.host === 'internet' && each.protocol === protocol && [each.source, each.destination].includes(vpn),
  );
  const count = (direction: string): number => passing.filter((each) => each.direction === direction).length;
  const [came, lost] = [count('in'), count('in') - count('out')];
  const seen = statement(
    "the tunnel's packets that the line loses",
    `at least one of ${lossOneOf}`,
    `${lost} of ${came}`,
  );
  return [{ ...seen, ok: came > 0 && lost >= came / lossOneOf - slack }];
}

function transfer({ crossings }: Evidence, received: number): StatementResult {
  const own = crossings.filter(
    ({ host, source, destination }) =>
      host === 'lan' && [source, destination].some((endpoint) => endpoint.endsWith(`:${sourcePort}`)),
  );
  const seconds = (own.at(-1)?.time ?? NaN) - (own[0]?.time ?? NaN);
  const name = 'bytes of the file that the house gets through the tunnel';
  return {
    ...statement(name, `${file.bytes}`, `${received}, at ${((received * 8) / seconds / 1e6).toFixed(2)} Mbit/s`),
    ok: received === file.bytes,
  };
}

/** Packets of the file that go into the tunnel at the server, up to the last that comes out at the router, and don't. */
function judgeTunnel({ crossings }: Evidence, { lossOneOf, innerLoss }: Setting): readonly StatementResult[] {
  if (innerLoss && lossOneOf === null) return [];
  const packets = crossings.filter((each) => each.interface === 'tun0' && each.source === `${inside}:${file.port}`);
  const at = (host: string, direction: string): readonly string[] =>
    packets.filter((each) => each.host === host && each.direction === direction).map(({ identity }) => identity);
  const came = new Set(at('router', 'in'));
  const all = at('cloud', 'out');
  const sent = all.slice(0, all.findLastIndex((identity) => came.has(identity)) + 1);
  const lost = sent.filter((identity) => !came.has(identity)).length;
  const name = 'packets of the file that are lost inside the tunnel, for the TCP there to send again';
  const found = `${lost} of ${sent.length}`;
  if (!innerLoss || lossOneOf === null)
    return [{ ...statement(name, 'none', found), ok: sent.length > 0 && lost === 0 }];
  const enough = sent.length > 0 && lost >= sent.length / lossOneOf - slack;
  return [{ ...statement(name, `at least one of ${lossOneOf}`, found), ok: enough }];
}
