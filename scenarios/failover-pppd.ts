import homeGateway from '../lab/topologies/home-gateway.ts';
import type { Lab, Probing } from '../src/backend/lab.ts';
import { LabError } from '../src/net/error.ts';
import { droppedIn } from '../src/scenario/dropped.ts';
import { recordFlow } from '../src/scenario/journey.ts';
import { judgeOutward } from '../src/scenario/outward.ts';
import type { CheckResult, Expected, StatementResult } from '../src/scenario/result.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';
import type { Pppoe } from '../src/topology/topology.ts';
import { asked, askers, patience, placesBy, ports, probesOf, routeTo, tick, type Asked } from './failover/gateway.ts';

/** What is to come of connections by either line, as it was before, in each part of the time. */
type Pair = readonly [Expected, Expected];
interface Setting {
  /** The ISP of the first line ends the session, or its wire is cut, which only pppd's questions tell. */
  readonly fault: 'hang-up' | 'cut';
  /** When the wire is cut: until pppd sets the interface down, and then until it removes it. */
  readonly unnoticed?: Pair;
  readonly noticed?: Pair;
  /** When the interface is gone. */
  readonly gone: Pair;
  /** When the line is back. */
  readonly after: Pair;
  /** The route that `ip-down` finds, and what is announced of it; absent: of this candidate that isn't known. */
  readonly doubleRoute?: { readonly found: readonly string[]; readonly announced: string };
}

const works: Pair = ['works', 'works'];
const noRoute: Pair = ['no-route', 'no-route'];
/** Nobody has noticed: what the hash sends by the first line is lost. */
const halfDead: Pair = ['dead-nexthop', 'works'];

const both = 'ppp0 and ppp1';
const none = 'none';
const silently = 'nothing until ppp0 is gone';
const aloud = 'deleted before ppp0 is gone';

const mended = { unnoticed: halfDead, noticed: works, gone: works, after: works } as const;

export default defineScenario<Setting>({
  title: 'Who takes the default route away when a line of a real pppd fails?',
  lesson: `Two lines over PPP (PPPoE), dialled by pppd; the ISP of the first hangs up, or its wire is cut. A field report of 2006 says that pppd
deletes the default route on its own, even a double one, beside ip-down, at its own time. It does not with nodefaultroute, but
the kernel does: when a session ends, pppd sets the interface down, takes its address away, starts ip-down and removes the
interface; and with the interface the kernel removes a double default route, whole and unannounced (ip monitor shows
nothing). So there is a race, and it is as the report says; only who runs it is another.

When it is lost depends on how the line fails. If the ISP hangs up, the interface goes some ten milliseconds after ip-down has
begun: mostly it finds no route any more. If the wire is cut, pppd notices when its questions (lcp-echo-interval,
lcp-echo-failure) stay unanswered; it then says goodbye twice, for lcp-restart seconds each (two here, six unless told
otherwise), before it removes the interface. Meanwhile the route is there, its dead nexthop is passed over, and all new
connections are well, by the other line; ip-down has time. If it does nothing, the route goes with the interface.

With defaultroute it is pppd that deletes it (SIOCDELRT), before it starts ip-down, so there is no race: even a double route that has
taken the place of its own, if the line is its first nexthop, the only one that the kernel compares. That is announced. pppd
does so only if it has made a default route itself, as its line came up: the first line's does, the second's finds one, and
makes none. With replacedefaultroute the second line's takes the place of the first's, until the double one does; what becomes
of that is the same.

How to mend it: nodefaultroute, and an ip-down that makes the route of the lines that are there, when the interface is
gone (ppp-scripts-locked). That is right in whatever order things happen.`,
  services: ['new-unnoticed', 'new-noticed', 'new-gone', 'new-after'],
  trials: [
    trial('ppp-onlooker', 'hang-up', 'nodefaultroute', {
      ...{ gone: noRoute, after: noRoute },
      doubleRoute: { found: [both, none], announced: silently },
    }),
    trial('ppp-onlooker', 'cut', 'nodefaultroute', {
      ...{ unnoticed: halfDead, noticed: works, gone: noRoute, after: noRoute },
      doubleRoute: { found: [both], announced: silently },
    }),
    // As the line is back, pppd makes a default route by it again.
    trial('ppp-onlooker', 'hang-up', 'defaultroute', {
      ...{ gone: noRoute, after: works },
      doubleRoute: { found: [none], announced: aloud },
    }),
    trial('ppp-onlooker', 'cut', 'defaultroute', {
      ...{ unnoticed: halfDead, noticed: noRoute, gone: noRoute, after: works },
      doubleRoute: { found: [none], announced: aloud },
    }),
    trial('ppp-onlooker', 'hang-up', 'replacedefaultroute', {
      ...{ gone: noRoute, after: works },
      doubleRoute: { found: [none], announced: aloud },
    }),
    // Whether ip-down or the kernel is first is chance. If ip-down is, it makes a single route by the other line.
    trial('ppp-scripts', 'hang-up', 'nodefaultroute', {
      ...{ gone: ['no-route or works', 'no-route or works'], after: works },
    }),
    trial('ppp-scripts', 'cut', 'nodefaultroute', mended),
    trial('ppp-scripts-locked', 'hang-up', 'nodefaultroute', mended),
    trial('ppp-scripts-locked', 'cut', 'nodefaultroute', mended),
  ],
  open: ({ name, lineScripts }) =>
    lineScripts
      ? (['hang-up', 'cut'] as const).map((fault) => trial(name, fault, 'nodefaultroute', mended))
      : 'there are no ip-up and ip-down beside the script',
  run: async (lab, { setting }) => {
    const places = await placesBy(lab, '198.18.0.1', askers.desktop, 1000);
    const lines = lab.topology.server.uplinks.map((uplink) => uplink.interface);
    if (places.length < lines.length) return [unused(lines, places)];
    const questions = asked(askers.desktop, places, 'tcp', ports.new);
    const probing = await lab.probe('desktop', probesOf(questions));
    await scripted(lab, watching);
    const parts: Part[] = [];
    const ask = async (service: string, expected: Pair, patience: number): Promise<void> => {
      parts.push(await observed(lab, probing, questions, { service, expected, patience }));
    };

    if (setting.fault === 'hang-up') await lab.inflict({ ...line1, kind: 'vanish' });
    else {
      const { unnoticed = halfDead, noticed = works } = setting;
      await lab.inflict({ ...far, kind: 'down' });
      // pppd has three questions unanswered, one each second, before it notices; and then the interface is there for two more.
      await ask('new-unnoticed', unnoticed, 1);
      await scripted(lab, until('ip -o link show dev ppp0 up', false));
      await ask('new-noticed', noticed, 1);
      await scripted(lab, until('ip -o link show dev ppp0', false));
    }
    await ask('new-gone', setting.gone, patience);
    const announced = await scripted(lab, `grep -v 'inet\\|: lo: ' ${events} >&2`);
    const found = setting.doubleRoute ? await scripted(lab, 'cat /run/ip-down-saw >&2') : '';

    if (setting.fault === 'hang-up') await lab.inflict({ ...line1, kind: 'return' });
    else await lab.inflict({ ...far, kind: 'up' });
    await scripted(lab, until("ip -o address show dev ppp0 | grep ' peer '", true));
    await ask('new-after', setting.after, patience);
    await probing.stop();
    const evidence = await lab.evidence();

    const dropped = droppedIn(lab.topology, evidence);
    return [
      ...parts.flatMap(({ service, expected, from, until, routes }) =>
        questions.questions.flatMap(({ flow, place: { line, uplink } }, index): CheckResult[] => {
          const outcome = expected[line as 0 | 1];
          const [accepted, route] = ['some', routes[index] ?? null] as const;
          const asked = { service, uplink, flow, from, until, route, accepted, expected: outcome };
          return [judgeOutward(lab.topology, recordFlow(lab.topology, evidence, flow), asked, dropped)];
        }),
      ),
      ...(setting.doubleRoute
        ? [
            statement('the default route that ip-down finds', setting.doubleRoute.found, nexthopsOf(found)),
            statement(
              'what is announced of the default route',
              [setting.doubleRoute.announced],
              whenDeleted(announced),
            ),
          ]
        : []),
    ];
  },
});

const line1 = { host: 'server', interface: 'ppp0' } as const;
const far = { host: 'isp1', interface: 'server' } as const;

function trial(
  candidate: string,
  fault: Setting['fault'],
  dialled: Pppoe['defaultRoute'],
  expected: Omit<Setting, 'fault'>,
): Trial<Setting> {
  const what = { 'hang-up': 'the ISP hangs up', cut: 'the wire is cut' }[fault];
  return {
    candidate,
    variant: dialled === 'nodefaultroute' ? what : `${what}, ${dialled}`,
    ...{ topology: homeGateway({ dialled }), tunnels: {}, redials: true, needs: ['ppp'] },
    setting: { ...expected, fault },
  };
}

/** A part of the time, and what the server said of its routes in it. */
interface Part {
  readonly service: string;
  readonly expected: Pair;
  readonly from: number;
  readonly until: number;
  readonly routes: readonly (string | null)[];
}

/** Asks by each line until it is answered, or until so many seconds have passed, less where no answer is to come. */
async function observed(
  lab: Lab,
  probing: Probing,
  questions: Asked,
  { service, expected, patience }: Pick<Part, 'service' | 'expected'> & { readonly patience: number },
): Promise<Part> {
  const from = lab.now();
  await probing.hurry(probesOf(questions));
  await Promise.all(
    questions.questions.map(({ probe, place: { line } }) =>
      probing.answered(probe, expected[line as 0 | 1] === 'works' ? patience : Math.min(patience, disbelief)),
    ),
  );
  return { service, expected, from, until: lab.now() + tick, routes: await routesOf(lab, questions) };
}

/** Seconds until we believe that no answer will come. */
const disbelief = 2.5;

function routesOf(lab: Lab, { asker, questions }: Asked): Promise<readonly (string | null)[]> {
  return Promise.all(questions.map(({ place }) => routeTo(lab, place.address, asker)));
}

/** Where what the server announces is kept. */
const events = '/run/announced';

/** Has it kept, from when a change is seen to be announced. */
const watching = `
ip -o -4 monitor link route >${events} 2>&1 &
for try in $(seq 1000); do
  ip link set dev lo alias "try $try"
  if grep -q ': lo: ' ${events}; then exit 0; fi
done
echo 'ip monitor says nothing' >&2
exit 1
`;

/** Waits, event by event, until a command says something, or nothing any more; half a minute at most. */
function until(command: string, says: boolean): string {
  const pending = says ? '! there' : 'there';
  return `
there() { [ "$(${command} 2>/dev/null)" ]; }
happening=/run/happening-$$
mkfifo $happening
timeout 30 ip monitor link address >$happening &
exec 8<$happening
while ${pending} && read -r _ <&8; do :; done
kill $! 2>/dev/null || :
if ${pending}; then echo 'ppp0 has not changed within 30 s' >&2; exit 1; fi
`;
}

/** Runs a script on the server, which must succeed, and returns what it says. */
async function scripted(lab: Lab, script: string): Promise<string> {
  const { status, stderr } = await lab.run('server', script);
  if (status !== 0) throw new LabError('lab-failed', `on the server a script of the scenario failed: ${stderr.trim()}`);
  return stderr;
}

/** The interfaces of a default route's nexthops, as `ip route` shows it. */
function nexthopsOf(shown: string): string {
  return [...shown.matchAll(/ dev (\S+)/g)].map(([, name]) => name).join(' and ') || none;
}

/** What was announced of the default route, as the interface went. */
function whenDeleted(announced: string): string {
  const lines = announced.split('\n');
  const gone = lines.findIndex((line) => /^Deleted \d+: ppp0:/.test(line));
  if (gone < 0) return 'ppp0 is not announced to be gone';
  const deleted = lines.findIndex((line) => /^Deleted default\b/.test(line));
  if (deleted < 0) return silently;
  return deleted < gone ? aloud : 'deleted when ppp0 is gone';
}

function statement(name: string, expected: readonly string[], found: string): StatementResult {
  return { kind: 'statement', name, expected: expected.join(' or '), found, ok: expected.includes(found) };
}

function unused(lines: readonly string[], places: readonly { readonly uplink: string }[]): StatementResult {
  const used = places.map(({ uplink }) => uplink).join(' and ') || 'none';
  return { kind: 'statement', name: 'both lines are used', expected: lines.join(' and '), found: used, ok: false };
}
