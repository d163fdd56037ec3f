import type { Candidate } from '../candidate/candidate.ts';
import type { Nat, Topology } from '../topology/topology.ts';
import type { Evidence } from './crossing.ts';
import type { Fault } from './fault.ts';
import type { Feature } from './feature.ts';
import type { Answer, Dial, Request, Service } from './service.ts';
import type { Battery, Responder, ScriptEnd } from './volley.ts';

/** A way to run a lab: on the real kernel, or on a model of it. */
export interface Backend {
  readonly name: 'kernel' | 'model';
  /** The kernel's release that runs, or that the model stands for, e.g. `6.18.44`. */
  readonly release: string;
  /**
   * Makes sure, before anything is begun, that this machine can run labs.
   *
   * @param tunnels whether they will have tunnel devices
   * @param programs what candidates run besides what every lab does
   * @throws LabError `cannot-run`, naming what is missing and what mends it
   */
  assertReady(tunnels: boolean, programs: readonly string[]): Promise<void>;
  /** Why a feature can't be had here, in a few words; `null` if it can. Found by trying it. */
  lacks(feature: Feature): Promise<string | null>;
  /**
   * Builds a network of its own. Labs are independent of each other: any number side by side, with the same names and
   * addresses.
   */
  open(topology: Topology, options: LabOptions): Promise<Lab>;
}

/** Seconds that a script may take to set a host up. */
export const scriptPatience = 120;

export interface LabOptions {
  /** The sysctls that the server starts with. */
  readonly profile: string;
  /** Seed of all that is chosen by hash or chance. */
  readonly seed: number;
  /** Tunnel devices that services and requests will use, by host. */
  readonly tunnels: Readonly<Record<string, readonly string[]>>;
  /** The run's folder; the lab makes `captures` and `logs` in it. */
  readonly directory: string;
  /** What the names of the lab's files begin with. */
  readonly label: string;
  /** Whether to take down what hosts decide on packets, from when the candidate is applied; absent: not. */
  readonly explain?: boolean;
  /** Whether to take down the server's look-ups in routing tables, from when responders are mustered; absent: not. */
  readonly lookUps?: boolean;
}

/** A running network, and what can be done in it. A scenario is written against this, once, for every backend. */
export interface Lab {
  readonly topology: Topology;
  /** Whether the choice among nexthops follows from the seed; otherwise the kernel has its own secret. */
  readonly seeded: boolean;

  /** Seconds on the lab's clock, whole milliseconds rounded down. */
  now(): number;
  /** Sends ICMP echo requests, side by side, and returns the pairs that got no answer. */
  unanswered(pings: readonly Ping[]): Promise<readonly Ping[]>;
  /**
   * Runs the candidate's script on the server.
   *
   * @throws LabError `lab-failed` if it fails, or hasn't ended after `scriptPatience` seconds
   */
  apply(candidate: Candidate): Promise<void>;
  /**
   * The interface by which `host` would send to `destination` now, from `source` if given: the host's own word.
   *
   * @param arrival the interface that the packet came in by, for one that is forwarded; it needs a source
   */
  route(host: string, destination: string, source?: string, arrival?: string): Promise<string>;
  /** What a sysctl of the host's, such as `net.ipv4.fib_multipath_hash_policy`, is set to. */
  sysctl(host: string, name: string): Promise<string>;
  /** Sends one ICMP echo request to each destination, some thousand a second; returns those that did not answer. */
  sweep(host: string, destinations: readonly string[]): Promise<readonly string[]>;
  /** Sends one datagram from each source port, each from an unbound and unconnected socket; no answer is waited for. */
  scatter(host: string, scatter: Scatter): Promise<void>;
  /** Resolves when the service is ready to answer; what it resolves with stops it. */
  serve(host: string, service: Service): Promise<Running>;
  /** Resolves when the request was answered, or the client gave up. */
  request(host: string, request: Request): Promise<Answer>;
  /** Starts a client that keeps on trying until it is stopped, and resolves when it runs. */
  dial(host: string, dial: Dial): Promise<Dialling>;
  /** Gives a host another NAT, from now on; the one it has goes on with what both remember. */
  change(host: string, nat: Nat): Promise<void>;
  /** Starts asking, again and again, until that is stopped. */
  probe(host: string, probes: readonly Probe[]): Promise<Probing>;
  /**
   * Makes a part of the network fail, or mends it; the recording goes on. Resolves when that has happened, and the script has
   * run that the candidate has for it.
   */
  inflict(fault: Fault): Promise<void>;
  /**
   * Has the candidate's `ip-up` and `ip-down` run side by side, one command of one of them at a time, in each of these orders
   * in turn. The lines are left as the last one has them.
   */
  interleave(interleavings: readonly Interleaving[]): Promise<readonly Interleaved[]>;
  /** Runs a script on a host, as `sh -eu` would, to its end; that it fails is no error. */
  run(host: string, script: string): Promise<ScriptEnd>;
  /** Resolves when all responders are ready to answer. To be called once. */
  muster(responders: readonly Responder[]): Promise<Battery>;
  /**
   * Ends the recording and returns what was recorded.
   *
   * @throws LabError `lab-failed` if any of the evidence is missing
   */
  evidence(): Promise<Evidence>;
  /** Takes the network down. */
  close(): Promise<void>;
}

/** A service that answers. */
export interface Running {
  /** What it has said so far, line by line. */
  said(): Promise<readonly string[]>;
  /** Resolves when it answers no more. */
  stop(): Promise<void>;
}

/** A client that keeps on trying. */
export interface Dialling {
  /**
   * Resolves when `condition` holds.
   *
   * @throws LabError `lab-failed` if it doesn't within `patience` seconds, or the client ends
   */
  until(condition: (rounds: Rounds) => boolean, patience: number): Promise<Rounds>;
  /** Ends the client. The answer is accepted if the tunnel came up, and stayed up until now. */
  stop(): Promise<Answer>;
}

/** How often a client that keeps on trying has… */
export interface Rounds {
  /** … had its tunnel up. */
  readonly connected: number;
  /** … begun anew, for whatever reason. */
  readonly restarted: number;
}

export interface Ping {
  readonly host: string;
  readonly destination: string;
}

/** A question that is asked again and again: each half second, and in haste each hundredth of a second. */
export interface Probe {
  /** Over TCP each question is a connection of its own, which is answered by being refused, too; over UDP all are of one flow. */
  readonly protocol: 'tcp' | 'udp';
  readonly destination: string;
  readonly port: number;
}

export interface Probing {
  /**
   * Has some be asked in haste, and resolves when they are; so for how long something isn't answered is known to a hundredth of
   * a second. Each is in haste until it was waited for.
   */
  hurry(probes: readonly Probe[]): Promise<void>;
  /** Resolves with true as soon as a question that is asked from now on is answered, with false after `patience` seconds. */
  answered(probe: Probe, patience: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Lines of the server's that come and go at once. */
export interface Interleaving {
  /** The lines that are up at first, with the routes that `ip-up` makes for them. */
  readonly before: readonly string[];
  /** The lines that change: one that is up goes, another comes. */
  readonly changes: readonly string[];
  /**
   * Whose turn it is, in turn and over again: the number, modulo their count, of one of the moves there are. A move is that a
   * change begins, that a script runs its next command, or that a line that is down loses its interface.
   */
  readonly turns: readonly number[];
}

export interface Interleaved {
  /** The moves: `+0` the first change begins, `0` its script runs a command, `-0` its line loses its interface. */
  readonly turns: readonly string[];
  /** The interfaces of the default route's nexthops, in the end. */
  readonly nexthops: readonly string[];
}

export interface Scatter {
  readonly destination: string;
  readonly port: number;
  readonly sourcePorts: readonly number[];
}
