import type { Dump } from './dump/files.ts';
import type { Need } from './need.ts';

/**
 * A routing configuration on trial: a shell script just as an administrator would deploy it, and how its daemons run.
 * What `lab/candidates/<name>/candidate.ts` exports; `up.sh`, and `ip-up` and `ip-down` if it needs them, lie beside it.
 */
export interface CandidateOptions {
  readonly title: string;
  /** What happens under it, why, and how to mend it; for people. */
  readonly lesson: string;
  readonly openvpn?: OpenVpnOptions;
  /** Programs that its scripts run, besides those that every lab does. */
  readonly programs?: readonly string[];
  /** Tried as Linux 3.6 to 4.3 chose nexthops: anew for every packet of an unconnected socket. */
  readonly multipath?: 'per-packet';
  /** What its scripts use that not every kernel has: on others it isn't tried. */
  readonly needs?: readonly Need[];
}

export interface OpenVpnOptions {
  /**
   * How the server's UDP socket knows which of its addresses to answer from. `wildcard` (the default): it doesn't.
   * `multihome`: by `--multihome`. `address`: one server per address, by `--local`.
   */
  readonly server?: 'wildcard' | 'multihome' | 'address';
  /** Whether clients take answers from any address: `--float`. */
  readonly float?: boolean;
  /** `udp` by default; heeded where a scenario has one tunnel only. */
  readonly protocol?: 'udp' | 'tcp';
  /** `--keepalive INTERVAL TIMEOUT`, in seconds, where a scenario leaves it to the candidate; absent: the scenario's own. */
  readonly keepalive?: { readonly interval: number; readonly timeout: number };
}

export interface Candidate extends CandidateOptions {
  readonly name: string;
  /** Absolute path of its `up.sh`; of a candidate that is nothing but a dump, of its folder. */
  readonly script: string;
  /**
   * The state that its host is left in, as the host's tools print it; absent: there is only the script. The model begins with
   * it, and need not read `up.sh`; the kernel runs `up.sh`, and begins with it where there is none.
   */
  readonly dump?: Dump;
  /** Absolute paths of its `ip-up` and `ip-down`, which pppd runs when a line has come or gone; absent if it has none. */
  readonly lineScripts?: { readonly up: string; readonly down: string };
  /** Absolute path of its `openvpn-up.sh`, which OpenVPN runs as its tunnel comes up; absent: it has none. */
  readonly openvpnUp?: string;
  /** Absolute path of its `line-up.sh`, to be run when a line is up again after it was down; absent: it has none. */
  readonly lineUp?: string;
  /** What each of these scripts says, by its path. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Whether it has an `up.sh`. */
export function hasScript({ script, sources }: Candidate): boolean {
  return Object.hasOwn(sources, script);
}
