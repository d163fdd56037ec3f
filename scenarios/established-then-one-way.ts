import carrierNetwork, { carrierNat, type NatMode } from '../lab/topologies/carrier-nat.ts';
import type { Outcome, StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import {
  dialOf,
  experienceOf,
  firstUp,
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
} from './carrier-nat/house.ts';

/** What becomes of a tunnel that is up when the carrier changes its NAT. */
type Course = 'stays up' | 'lost, and comes back for a while each time' | 'lost, and never up again';

interface Setting {
  /** What the NAT becomes; it has been stateful until then. */
  readonly becomes: NatMode;
  readonly course: Course;
  readonly openvpn: Outcome;
  /** Another connection that the router makes, after the change. */
  readonly ssh: Outcome;
  /** The router's interfaces that the tunnel and the rest should leave by; null: as the configuration has it. */
  readonly lines: Lines | null;
  /** Whether the server must have seen the client float, or its timers may leave it no time for that. */
  readonly floats: 'some' | 'any';
}

/** How often a client must have begun anew before we believe that it will never end. */
const enough = 3;

const oneWay: Setting = {
  becomes: { mode: 'one-way' },
  course: 'lost, and never up again',
  openvpn: 'no-mapping',
  ssh: 'works',
  lines: { openvpn: 'eth2', ssh: 'eth2' },
  floats: 'some',
};
const shortLived: Setting = {
  ...oneWay,
  becomes: { mode: 'short-lived', lifetime: 3 },
  course: 'lost, and comes back for a while each time',
};
const full: Setting = {
  ...oneWay,
  becomes: { mode: 'table-full', room: 0 },
  course: 'stays up',
  openvpn: 'works',
  ssh: 'request-lost',
};

const wanted: Setting = { ...oneWay, course: 'stays up', openvpn: 'works', lines: null };

export default defineScenario<Setting>({
  title: 'What becomes of a running tunnel when the carrier stops tracking UDP?',
  lesson: `A tunnel is up and all is well. Then the carrier changes what its NAT remembers of UDP, and nobody is told.

The data stops at once. The client's packets still arrive, from another port each time, and the server's log says that
the client 'floated': it follows, and answers to where nothing gets through. The client misses its pings and begins anew.
What it finds then is the difference. If the NAT remembers nothing (one-way), no handshake gets through again. If it
remembers a flow for a moment (short-lived), each handshake does, the log says 'Peer Connection Initiated', and some
seconds later the data is dead again. That is the trap: it looks as if control worked and data didn't. Both use one socket
and one mapping; what differs is their age.

If the table is merely full (table-full), a tunnel that is up stays up, as long as nobody restarts it; nothing new gets
through. And a tunnel that goes by another line doesn't notice at all.

Not shown here, because it can't happen: a renegotiation that succeeds where nothing at all is remembered. TLS needs
answers as data does. Nor are tries that are minutes apart: they come of longer timers, and nothing else about them differs.

How to mend it: as in one-way-udp. Restarting the router or the server mends nothing, and under a full table it does harm.`,
  services: ['openvpn', 'ssh'],
  trials: [
    trial('carrier-default', 'becomes one-way', oneWay),
    trial('carrier-default', 'becomes short-lived', shortLived),
    trial('carrier-default', 'becomes full', full),
    // It misses its pings so soon that it may have sent nothing since the change.
    trial('carrier-keepalive', 'becomes one-way', { ...oneWay, floats: 'any' }),
    trial('carrier-tcp', 'becomes one-way', { ...oneWay, course: 'stays up', openvpn: 'works' }),
    trial('carrier-host-route', 'becomes one-way', {
      ...oneWay,
      ...{ course: 'stays up', openvpn: 'works', lines: { openvpn: 'eth1', ssh: 'eth2' } },
    }),
  ],
  open: ({ name }) => [
    trial(name, 'becomes one-way', wanted),
    trial(name, 'becomes short-lived', { ...wanted, becomes: shortLived.becomes }),
    trial(name, 'becomes full', { ...wanted, becomes: full.becomes }),
  ],
  run: async (lab, { setting }, { candidate }) => {
    const lines = setting.lines ?? (await routedLines(lab));
    const server = await serveAll(lab, candidate);
    const dial = dialOf(candidate);
    const tunnel = await lab.dial('router', dial);
    const before = houseOf(lab, 41000);
    await firstUp(before, tunnel);
    await before.lookUp();
    await before.download('short');

    await lab.change('cgnat', carrierNat(setting.becomes));
    const after = houseOf(lab, 42000);
    const [rounds, banner] = await Promise.all([useTunnel(after, tunnel, enough, 1), lab.request('router', ssh)]);
    const answer = await tunnel.stop();
    const evidence = await lab.evidence();
    const { connected, restarted } = rounds;
    return [
      ...judgeCalls(lab, evidence, lines, [
        { request: dial, answer, expected: setting.openvpn },
        { request: ssh, answer: banner, expected: setting.ssh },
      ]),
      ...(setting.lines ? judgeLines(evidence, setting.lines, dial.protocol) : []),
      experience('before the change', 'stays up', before),
      experience('after the change', setting.course, after),
      statement(
        'what becomes of the tunnel',
        setting.course,
        courseOf(connected, restarted) ?? `up ${connected} times, begun anew ${restarted} times`,
      ),
      ...(setting.lines ? logs(setting, await server.said(), answer.said) : []),
    ];
  },
});

function trial(candidate: string, variant: string, setting: Setting): Trial<Setting> {
  return { candidate, variant, topology: carrierNetwork(), tunnels, setting };
}

function courseOf(connected: number, restarted: number): Course | null {
  if (connected === 1 && restarted === 0) return 'stays up';
  if (connected === 1 && restarted >= enough) return 'lost, and never up again';
  if (connected >= enough && restarted >= enough) return 'lost, and comes back for a while each time';
  return null;
}

function experience(when: string, course: Course, house: House): StatementResult {
  const { found, asked, started, tried, whole, text } = experienceOf(house);
  const seen = (expected: string, ok: boolean): StatementResult =>
    statement(`what the house sees ${when}`, expected, text, ok);
  switch (course) {
    case 'stays up':
      return seen('all names found, the download comes whole', found === asked && tried === 1 && whole === 1);
    case 'lost, and comes back for a while each time':
      return seen(
        'some names found; downloads start, and none comes whole',
        found > 0 && found < asked && started > 0 && whole === 0,
      );
    case 'lost, and never up again':
      return seen('no name found, no download starts', found === 0 && asked > 0 && started === 0);
  }
}

function logs(
  { course, floats }: Setting,
  server: readonly string[],
  client: readonly string[],
): readonly StatementResult[] {
  const count = (log: readonly string[], pattern: RegExp): number => log.filter((line) => pattern.test(line)).length;
  const initiated = server.flatMap((line) => /Peer Connection Initiated with \S*?([\d.]+:\d+)/.exec(line)?.[1] ?? []);
  const peers = new Set(initiated).size;
  const floated = count(server, /peer \d+ .*floated from/);
  const missed = count(client, /Inactivity timeout \(--ping-restart\), restarting/);
  const failed = count(client, /TLS key negotiation failed to occur within 3 seconds/);
  const found = `${peers} peers, ${floated} floats; ${missed} inactivity timeouts, ${failed} failed negotiations`;
  const said = (expected: string, ok: boolean): readonly StatementResult[] => [
    statement('what the logs of server and client say', expected, found, ok && peers === initiated.length),
  ];
  switch (course) {
    case 'stays up':
      return said('1 peer, and nothing else', peers === 1 && floated === 0 && missed === 0 && failed === 0);
    case 'lost, and comes back for a while each time':
      return said(
        `at least ${enough} peers, ${floats} floats, and ${enough} inactivity timeouts`,
        peers >= enough && (floated > 0 || floats === 'any') && missed >= enough,
      );
    case 'lost, and never up again':
      return said(
        `1 peer, ${floats} floats, 1 inactivity timeout, at least ${enough - 1} failed negotiations`,
        peers === 1 && (floated > 0 || floats === 'any') && missed === 1 && failed >= enough - 1,
      );
  }
}
