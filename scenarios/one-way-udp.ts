import carrierNat, { type NatMode } from '../lab/topologies/carrier-nat.ts';
import type { Rounds } from '../src/backend/lab.ts';
import type { Answer, Dial } from '../src/backend/service.ts';
import type { Outcome, StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import type { Impairment } from '../src/topology/topology.ts';
import {
  dialOf,
  experienceOf,
  houseOf,
  judgeCalls,
  judgeLines,
  routedLines,
  serveAll,
  ssh,
  statement,
  tunnels,
  useTunnel,
  type House,
  type Lines,
  type Patience,
  type TunnelProtocol,
} from './carrier-nat/house.ts';
import { judgeLine } from './carrier-nat/line.ts';
import { judgePorts, type SeenPorts } from './carrier-nat/source-ports.ts';

/** How far OpenVPN gets. */
type Course =
  | 'up, and stays up'
  | 'up at each try, and lost again'
  /** On a line that loses packets not each try needs to come up. */
  | 'up again and again, and lost each time'
  | 'never up';

interface Setting {
  readonly course: Course;
  /** What becomes of the tunnel's packets, and of another connection that the router makes. */
  readonly openvpn: Outcome;
  readonly ssh: Outcome;
  /** The router's interfaces that the tunnel and the rest should leave by; null: as the configuration has it. */
  readonly lines: Lines | null;
  /** Whether the house has time to see that the tunnel is dead, before the client does. */
  readonly names: 'some' | 'any';
  /** The server's answers are lost because the NAT remembers nothing at all. */
  readonly oneWay: boolean;
  /** What the carrier's line to the internet does to packets; null: nothing. */
  readonly impairment: Impairment | null;
  /** Whether client and house wait until what the line has lost was sent again several times. */
  readonly patient: boolean;
}

/** How often a client must have begun anew before we believe that it will never end. */
const enough = 5;
const works: Setting = {
  course: 'up, and stays up',
  openvpn: 'works',
  ssh: 'works',
  lines: { openvpn: 'eth2', ssh: 'eth2' },
  names: 'some',
  oneWay: false,
  impairment: null,
  patient: false,
};
const by5G: Setting = { ...works, lines: { openvpn: 'eth1', ssh: 'eth2' } };
const wanted: Setting = { ...works, lines: null };
const loops: Setting = { ...works, course: 'up at each try, and lost again', openvpn: 'no-mapping' };
const silent: Setting = { ...works, course: 'never up', openvpn: 'no-mapping', oneWay: true };
const refused: Setting = { ...works, course: 'never up', openvpn: 'request-lost', ssh: 'request-lost' };

const shortLived: NatMode = { mode: 'short-lived', lifetime: 3 };
const full: NatMode = { mode: 'table-full', room: 0 };

/**
 * A line as over radio. Which packets it loses is not known, nor does netem always take a seed: so what is expected holds whichever
 * they are, but less than once in a million runs. One and its answer get through 98 times of 100. Whoever is patient
 * sends a packet five times, or asks five times, before giving up: 0.02^5 is 3 of 10^9, of some twenty that matter.
 */
const impairment: Impairment = { delay: 0.04, loss: 0.01 };
const lossy = { impairment, patient: false };
/** A handshake that loses a packet takes a second longer, and there is still to be time to use the tunnel. */
const shortLivedLossy: NatMode = { mode: 'short-lived', lifetime: 5 };
/** Seconds: OpenVPN and TCP send a packet after 0, 1, 3, 7 and 15. */
const patience: Patience & { readonly handshake: number } = { asks: 5, silence: 20, handshake: 30 };

export default defineScenario<Setting>({
  title: "How does OpenVPN fare behind a carrier's NAT that forgets UDP?",
  lesson: `A home router's OpenVPN client calls a server in the cloud. Its packets always get there. Whether the answers come back
is up to the carrier's NAT in between: they do while it remembers the packet that they answer.

If it remembers nothing of UDP (one-way), the client's log says 'TLS key negotiation failed to occur', and its byte count
grows in one direction only. OpenVPN's HOWTO says that the server then logs 'TLS: Initial packet' and the client doesn't;
that was so before 2.6. Since then the server answers a first packet without keeping anything: it logs nothing here,
and never an initial packet, even where all is well.

If it remembers a flow for a few seconds and no longer (short-lived), the handshake is through in time, and everything
looks well in the server's log: 'Peer Connection Initiated'. Then the answers stop; the client misses its pings, begins
anew from another port, and gets another few seconds, without end. To people in the house names are found at times and
downloads start and stall. The mark of it is in the server's log: the same client again and again, each time with
another port. The lab's timers are short. With keepalive 10 60 a round takes a minute longer than the mapping lives.

A NAT whose table is full (table-full) takes no new flow at all, of any protocol.

None of this is what a poor line does. Over one that takes 40 ms and loses a packet of a hundred, the tunnel comes up, a second
or two later where the handshake loses a packet, and stays up; names and downloads come whole, for what is lost is sent
again. Behind a NAT that forgets, such a line hides nothing. One-way, no handshake gets through, though OpenVPN sends each
packet again that has no answer; short-lived, the tunnel is lost each time. What the line adds is now and then a try that
doesn't come up at all, or a name that isn't found while the tunnel is well.

How to mend it: OpenVPN over TCP, if the line doesn't lose packets; or a route to the VPN server alone by a line that tracks
UDP. A shorter keepalive doesn't mend it. It holds open only what each packet keeps alive; here nothing does.`,
  services: ['openvpn', 'ssh'],
  trials: [
    trial('carrier-default', 'stateful', { mode: 'stateful' }, works),
    trial('carrier-default', 'short-lived', shortLived, loops),
    trial('carrier-default', 'one-way', { mode: 'one-way' }, silent),
    trial('carrier-default', 'table full', full, refused),
    // It begins anew as soon as the house has given up a download.
    trial('carrier-keepalive', 'short-lived', shortLived, { ...loops, names: 'any' }),
    trial('carrier-keepalive', 'one-way', { mode: 'one-way' }, silent),
    trial('carrier-tcp', 'short-lived', shortLived, works),
    trial('carrier-tcp', 'one-way', { mode: 'one-way' }, works),
    trial('carrier-tcp', 'table full', full, refused),
    trial('carrier-host-route', 'one-way', { mode: 'one-way' }, by5G),
    trial('carrier-host-route', 'table full', full, { ...by5G, ssh: 'request-lost' }),
    trial('carrier-default', 'stateful, 40 ms, 1 % loss', { mode: 'stateful' }, { ...works, ...lossy, patient: true }),
    trial('carrier-default', 'short-lived, 40 ms, 1 % loss', shortLivedLossy, {
      ...{ ...loops, ...lossy, course: 'up again and again, and lost each time' },
    }),
    trial('carrier-default', 'one-way, 40 ms, 1 % loss', { mode: 'one-way' }, { ...silent, ...lossy }),
  ],
  open: ({ name }) => [
    trial(name, 'stateful', { mode: 'stateful' }, wanted),
    trial(name, 'short-lived', shortLived, wanted),
    trial(name, 'one-way', { mode: 'one-way' }, wanted),
    trial(name, 'table full', full, wanted),
  ],
  run: async (lab, { setting }, { candidate }) => {
    const lines = setting.lines ?? (await routedLines(lab));
    const server = await serveAll(lab, candidate);
    const { patient } = setting;
    const dial: Dial = { ...dialOf(candidate), ...(patient && { handshake: patience.handshake }) };
    const call = { ...ssh, ...(setting.impairment && { patience: patience.silence }) };
    const tunnel = await lab.dial('router', dial);
    const house = houseOf(lab, 41000, patient ? patience : undefined);
    const [rounds, banner] = await Promise.all([useTunnel(house, tunnel, enough), lab.request('router', call)]);
    const answer = await tunnel.stop();
    const evidence = await lab.evidence();
    const logs = { server: await server.said(), client: answer.said };
    return [
      ...judgeCalls(lab, evidence, lines, [
        { request: dial, answer, expected: setting.openvpn },
        { request: call, answer: banner, expected: setting.ssh },
      ]),
      statement('how far OpenVPN gets', setting.course, courseOf(rounds, setting)),
      ...(setting.lines
        ? [
            ...judgeLines(evidence, setting.lines, dial.protocol),
            ...said(setting, logs, answer, dial.protocol),
            ...judgePorts(evidence, portsOf(setting), dial.protocol, roundsSeen(setting)),
          ]
        : []),
      ...(setting.impairment ? [judgeLine(evidence, setting.impairment, dial.protocol)] : []),
      fromTheLan(setting, house),
    ];
  },
});

function trial(candidate: string, variant: string, mode: NatMode, setting: Setting): Trial<Setting> {
  const { impairment } = setting;
  if (!impairment) return { candidate, variant, topology: carrierNat(mode), tunnels, setting };
  return { candidate, variant, topology: carrierNat(mode, { impairment }), tunnels, needs: ['netem'], setting };
}

/**
 * In how many rounds the server must have seen the client: in all but one where packets are lost. Each sends at least two, and both are
 * lost one time of 10,000; in two of six rounds, less than once in a million runs.
 */
function roundsSeen({ impairment }: Setting): number {
  return impairment ? enough - 1 : enough;
}

function courseOf({ connected, restarted }: Rounds, { impairment }: Setting): string {
  if (connected === 1 && restarted === 0) return 'up, and stays up';
  if (connected === 0 && restarted >= enough) return 'never up';
  if (connected >= enough && restarted >= enough) {
    if (impairment) return 'up again and again, and lost each time';
    if (connected >= restarted) return 'up at each try, and lost again';
  }
  return `up ${connected} times, begun anew ${restarted} times`;
}

function portsOf({ course, oneWay }: Setting): SeenPorts {
  switch (course) {
    case 'up, and stays up':
      return 'one';
    case 'up at each try, and lost again':
    case 'up again and again, and lost each time':
      return 'another in each round';
    case 'never up':
      return oneWay ? 'another for each packet' : 'none';
  }
}

/** What is in the two logs, and in the client's byte count. */
function said(
  { course, oneWay }: Setting,
  logs: { readonly server: readonly string[]; readonly client: readonly string[] },
  { bytes }: Answer,
  protocol: TunnelProtocol,
): readonly StatementResult[] {
  const count = (log: readonly string[], pattern: RegExp): number => log.filter((line) => pattern.test(line)).length;
  const initial = /TLS: Initial packet from/;
  const heard = { server: count(logs.server, initial), client: count(logs.client, initial) };
  const initiated = logs.server.flatMap(
    (line) => /Peer Connection Initiated with \S*?([\d.]+:\d+)/.exec(line)?.[1] ?? [],
  );
  const peers = new Set(initiated).size;
  const failure = {
    udp: 'TLS key negotiation failed to occur within 3 seconds',
    tcp: 'TCP: connect to [AF_INET]111.222.33.44:1194 failed',
  }[protocol];
  const failed = logs.client.filter((line) => line.includes(failure)).length;
  const missed = count(logs.client, /Inactivity timeout \(--ping-restart\), restarting/);
  const found = { heard, peers, failed, missed };
  switch (course) {
    case 'up, and stays up':
      return [
        {
          ...statement('the logs tell of one connection and no failure', '1 peer', described(found)),
          ok: peers === 1 && failed === 0 && missed === 0,
        },
      ];
    case 'up at each try, and lost again':
    case 'up again and again, and lost each time':
      return [
        {
          ...statement(
            "the server logs one 'Peer Connection Initiated' after another, each with another source port",
            `at least ${enough} peers, and as often 'Inactivity timeout' at the client`,
            described(found),
          ),
          ok: peers >= enough && peers === initiated.length && missed >= enough,
        },
      ];
    case 'never up':
      return [
        {
          ...statement(
            `neither log has an initial packet; the client's has '${failure}'`,
            `0 and 0 initial packets, at least ${enough} failures`,
            described(found),
          ),
          ok: heard.server === 0 && heard.client === 0 && failed >= enough,
        },
        {
          ...statement(
            `${protocol === 'tcp' ? 'the client never connects' : 'the client counts bytes out and none in'}${oneWay ? '' : ', nor does anything reach the server'}`,
            protocol === 'tcp' ? 'no count, for want of a connection' : '0 in, some out',
            bytes ? `${bytes.received} in, ${bytes.sent} out` : 'no count, for want of a connection',
          ),
          // There is nothing to count before a TCP connection is there, and OpenVPN then reports none.
          ok: protocol === 'tcp' ? bytes === null : bytes !== null && bytes.received === 0 && bytes.sent > 0,
        },
      ];
  }
}

function described(found: {
  readonly heard: { readonly server: number; readonly client: number };
  readonly peers: number;
  readonly failed: number;
  readonly missed: number;
}): string {
  const { heard, peers, failed, missed } = found;
  return (
    `${heard.server} and ${heard.client} initial packets at server and client, ${peers} peers, ` +
    `${failed} failures, ${missed} inactivity timeouts`
  );
}

/** What people in the house see. */
function fromTheLan({ course, names }: Setting, house: House): StatementResult {
  const { found, asked, started, tried, whole, text } = experienceOf(house);
  const seen = (expected: string, ok: boolean): StatementResult =>
    statement('what the house sees through the tunnel', expected, text, ok);
  switch (course) {
    case 'up, and stays up':
      return seen('all names found, the download comes whole', found === asked && whole === 1);
    case 'up at each try, and lost again':
    case 'up again and again, and lost each time':
      return seen(
        `${names} names found; downloads start, and none comes whole`,
        found > 0 && (names === 'any' || found < asked) && started > 0 && whole === 0,
      );
    case 'never up':
      return seen('no name found', found === 0 && asked > 0 && tried === 0);
  }
}
