import type { Fault } from '../backend/fault.ts';
import type { Feature } from '../backend/feature.ts';
import {
  scriptPatience,
  type Backend,
  type Dialling,
  type Lab,
  type LabOptions,
  type Ping,
  type Probe,
} from '../backend/lab.ts';
import type { TableLookUp } from '../backend/look-up.ts';
import type { Candidate } from '../candidate/candidate.ts';
import type { Outcome } from '../candidate/shell/evaluate.ts';
import { parseIPv4 } from '../net/address.ts';
import { LabError } from '../net/error.ts';
import { natRules } from '../topology/nat-ruleset.ts';
import { profileNamed } from '../topology/profile.ts';
import type { Nat, Topology } from '../topology/topology.ts';
import { validateTopology } from '../topology/validate.ts';
import { applyCandidate, createGround, runLineScript, runScript, runTunnelScript } from './apply-candidate.ts';
import { deviceNamed, type Host } from './host.ts';
import { createDriver, type Driver } from './driver.ts';
import { eraOf } from './era.ts';
import { inflict } from './faults.ts';
import { applyRuleset, setUpHost } from './host-setup.ts';
import { buildNetwork, type Network } from './network.ts';
import { interleave } from './interleave.ts';
import { recordLookUps, startRecording, type Recording } from './recording.ts';
import { routeInput } from './route-input.ts';
import { ownFlow, routeOutput } from './route-output.ts';
import { createSkBuff } from './skbuff.ts';
import { dial } from './services/openvpn.ts';
import { unanswered } from './services/ping.ts';
import { startProbing, type Probes } from './services/probe.ts';
import { request, serve } from './services/program.ts';
import { scatter, sweep } from './services/sweep.ts';
import type { Tunnels } from './services/tunnel.ts';
import { addTunnels } from './tunnels.ts';
import { muster } from './services/volley.ts';

export interface ModelOptions {
  /** The kernel's release that the model stands for. */
  readonly release: string;
  /** Resolves when all others that can run have run, as Node's setImmediate does. */
  readonly turn: () => Promise<void>;
}

/** Why the model hasn't got a feature; `null`: it has. */
const lackOf: Readonly<Record<Feature, string | null>> = { netem: null, ppp: "the model can't run pppd" };

/** Labs on a model of the kernel: in virtual time, with nothing on this machine touched. */
export function modelBackend({ release, turn }: ModelOptions): Backend {
  const era = eraOf(release);
  return {
    name: 'model',
    release,
    assertReady: async () => {
      // It needs nothing.
    },
    lacks: (feature) => Promise.resolve(lackOf[feature]),
    open: async (topology, options) => {
      const recording = startRecording();
      const network = buildNetwork(topology, {
        era,
        seed: options.seed,
        record: recording.record,
        trailOf: options.explain ? recording.trailOf : null,
        dropped: recording.dropped,
        ...(options.explain && { chosenBySecret: recording.chosenBySecret }),
        delay: linkDelay,
      });
      const tunnels = addTunnels(network, options.tunnels, recording.record);
      const profile = profileNamed(options.profile);
      for (const host of topology.hosts) setUpHost(topology, host, hostOf(network, host.name), profile, options.seed);
      const driver = createDriver(network.clock, turn);
      const lab = createLab(topology, network, tunnels, recording, driver, options);
      await turn();
      return lab;
    },
  };
}

/** Seconds along a link: about what a veth pair takes. */
const linkDelay = 0.000_02;

/** Seconds from a client's last word to its end being known: its last packets are through by then. */
const ending = 0.005;

/** Seconds that it takes to ask a host for a route: about what `ip route get` does. */
const asking = 0.002;

/** Seconds from a script's end until all that it has set going is done. */
const settledAfter = 0.01;

/** Seconds for which packets on their way are followed to their end. */
const settling = 0.5;

function hostOf(network: Network, name: string): Host {
  const host = network.hosts.get(name);
  if (!host) throw new LabError('invalid', `there is no host ${name}`);
  return host;
}

function createLab(
  topology: Topology,
  network: Network,
  tunnels: Tunnels,
  recording: Recording,
  driver: Driver,
  { explain: explained = false, lookUps: told = false }: LabOptions,
): Lab {
  const lookUps: TableLookUp[] | null = told ? [] : null;
  const { clock } = network;
  let current = topology;
  let deployed: Candidate | null = null;
  const ground = createGround(network);
  const host = (name: string): Host => hostOf(network, name);
  /** Waits for some time to pass. */
  const pass = (seconds: number): Promise<void> =>
    driver.wait((finish) => {
      clock.after(seconds, () => {
        finish();
      });
    });
  /** Waits for a script, but not for ever. */
  const patiently = async <T>(script: string, begin: Parameters<typeof driver.wait<T>>[0]): Promise<T> => {
    let callOff = (): void => undefined;
    const ended = driver.wait<T>((finish, fail) => {
      callOff = clock.after(scriptPatience, () => {
        const alone = clock.next === null ? ', and nothing more happens in this network' : '';
        fail(new LabError('lab-failed', `${script} has not ended after ${scriptPatience} s${alone}`));
      });
      begin(finish, fail);
    });
    return ended.finally(() => {
      callOff();
    });
  };
  return {
    topology,
    seeded: hostOf(network, topology.server.host).era.hashSeed,
    now: () => clock.now,
    unanswered: (pings: readonly Ping[]) =>
      driver.wait((finish) => {
        unanswered(
          pings.map((ping) => ({ ...ping, host: host(ping.host) })),
          (failed) => {
            finish(failed.map((index) => pings[index]).filter((ping) => ping !== undefined));
          },
        );
      }),
    apply: async (candidate: Candidate) => {
      await patiently<null>(candidate.script, (finish, fail) => {
        applyCandidate(ground, host(topology.server.host), current, candidate, (failure) => {
          if (failure) fail(failure);
          else finish(null);
        });
      });
      deployed = candidate;
    },
    route: async (name, destination, source, arrival) => {
      const device = routeOf(host(name), destination, source, arrival);
      // Whoever asks again and again is to see time pass.
      await pass(asking);
      if (device === null) throw new LabError('lab-failed', `${name} has no route to ${destination}`);
      return device;
    },
    sysctl: (name, key) => {
      const value = host(name).sysctls.value(key.replace(/^net[.]/, ''));
      if (value !== null) return Promise.resolve(String(value));
      return Promise.reject(new LabError('lab-failed', `${name} has no sysctl ${key}`));
    },
    sweep: (name, destinations) =>
      driver.wait((finish) => {
        sweep(host(name), destinations, finish);
      }),
    scatter: (name, sent) =>
      driver.wait((finish) => {
        scatter(host(name), sent, finish);
      }),
    serve: async (name, service) => {
      const running = serve(host(name), service, tunnels);
      await pass(0);
      return {
        said: async () => Promise.resolve(running.said()),
        stop: async () => {
          running.stop();
          await pass(0);
        },
      };
    },
    request: (name, asked) =>
      driver.wait((finish) => {
        request(host(name), asked, tunnels, (answer) => {
          clock.after(ending, () => {
            finish(answer);
          });
        });
      }),
    dial: async (name, asked) => {
      const runUp = (script: string, environment: Readonly<Record<string, string>>): void => {
        if (!deployed) throw new LabError('lab-failed', `${script} is of no candidate that was applied`);
        runTunnelScript(ground, host(name), deployed, script, environment);
      };
      return Promise.resolve(dialling(driver, clock, dial(host(name), asked, tunnels, runUp)));
    },
    change: async (name: string, nat: Nat) => {
      current = { ...current, hosts: current.hosts.map((each) => (each.name === name ? { ...each, nat } : each)) };
      validateTopology(current);
      applyRuleset(host(name), natRules(nat));
      await pass(0);
    },
    inflict: async (fault: Fault) => {
      const before = current;
      current = inflict(network, current, fault);
      const candidate = deployed;
      if (candidate) {
        await driver.until((finish) => {
          runLineScript(ground, fault.kind === 'vanish' ? before : current, candidate, fault, finish);
        });
      }
      await pass(0);
    },
    interleave: (interleavings) => {
      if (!deployed) throw new LabError('lab-failed', 'no candidate has been deployed');
      return interleave(ground, driver, current, deployed, interleavings);
    },
    probe: async (name, probes) => {
      const asking = startProbing(host(name), probes);
      await pass(0);
      return {
        hurry: async (some) => {
          asking.hurry(some);
          await pass(0);
        },
        answered: (probe, patience) => answeredWithin(driver, clock, asking, probe, patience),
        stop: async () => {
          asking.stop();
          await pass(0);
        },
      };
    },
    run: async (name, script) => {
      const { status, stderr } = await patiently<Outcome>(`a script for ${name}`, (finish) => {
        runScript(ground, host(name), script, finish);
      });
      await pass(settledAfter);
      return { status, stderr };
    },
    muster: async (responders) => {
      if (lookUps) recordLookUps(host(topology.server.host), lookUps);
      const battery = muster(host, responders);
      await pass(0);
      return {
        fire: (shots) =>
          driver.wait((finish) => {
            battery(shots, clock, finish);
          }),
      };
    },
    evidence: async () => {
      const until = clock.now;
      await pass(settling);
      const value = host(topology.server.host).counters.get('TcpExtIPReversePathFilter') ?? 0;
      return {
        crossings: recording.crossings(),
        until,
        filtered: { value, from: until, to: until },
        drops: [...recording.drops],
        ...(explained && { decisions: [...recording.decisions], chosenBySecret: [...recording.choices] }),
        ...(lookUps && { lookUps: [...lookUps] }),
      };
    },
    close: async () => {
      // Nothing of it is outside of this program.
    },
  };
}

/** The device by which a host would send, or null. */
function routeOf(host: Host, destination: string, source?: string, arrival?: string): string | null {
  const to = parseIPv4(destination);
  const from = source === undefined ? 0 : parseIPv4(source);
  if (arrival === undefined) {
    const route = routeOutput(host, ownFlow(host, { destination: to, source: from }), null);
    return typeof route === 'string' ? null : route.device.name;
  }
  const device = deviceNamed(host, arrival);
  if (!device) return null;
  const question = {
    ...{ source: from, destination: to, protocol: 0, tos: 0, ttl: 64, sourcePort: 0, destinationPort: 0 },
    ...{ icmp: null, tcp: null, payload: { length: 0 }, socketHash: null, identity: 0 },
  };
  const route = routeInput(host, createSkBuff(question, device, null));
  if (route.kind === 'forward') return route.device.name;
  return route.kind === 'local' ? host.loopback.name : null;
}

/** Whether a question that is asked from now on is answered in so many seconds. */
function answeredWithin(
  driver: Driver,
  clock: Network['clock'],
  asking: Probes,
  probe: Probe,
  patience: number,
): Promise<boolean> {
  return driver.wait((finish) => {
    const since = clock.now;
    const settle = (answered: boolean): void => {
      stopListening();
      cancel();
      asking.calm(probe);
      finish(answered);
    };
    const stopListening = asking.onAnswer((which, asked) => {
      if (which === probe && asked >= since) settle(true);
    });
    const cancel = clock.after(patience, () => {
      settle(false);
    });
  });
}

function dialling(driver: Driver, clock: Network['clock'], client: ReturnType<typeof dial>): Dialling {
  return {
    until: (condition, patience) =>
      driver.wait((finish, fail) => {
        const look = (): boolean => {
          const rounds = client.rounds();
          if (!condition(rounds)) return false;
          finish(rounds);
          return true;
        };
        if (look()) return;
        const stopListening = client.onChange(() => {
          if (!look() && !client.ended()) return;
          stopListening();
          cancel();
          fail(
            new LabError('lab-failed', `the client ended before what was waited for: ${client.said().at(-1) ?? ''}`),
          );
        });
        const cancel = clock.after(patience, () => {
          stopListening();
          fail(new LabError('lab-failed', `the client did not come to what was waited for in ${patience} s`));
        });
      }),
    stop: async () => Promise.resolve(client.stop()),
  };
}
