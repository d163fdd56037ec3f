import { LabError } from '../../net/error.ts';
import type { Sandbox } from '../sandbox.ts';

/** What became of a tracked connection, as `conntrack -E` tells it. */
export interface TrackEvent {
  readonly kind: 'NEW' | 'UPDATE' | 'DESTROY';
  /** The connection's number. */
  readonly id: string;
  readonly original: Direction;
  /** As its answers come: after NAT. */
  readonly reply: Direction;
  readonly unreplied: boolean;
  /** In conntrack's words. */
  readonly text: string;
}

/** `address:port`, or the address alone. */
export interface Direction {
  readonly source: string;
  readonly destination: string;
}

/** The connection's number, and who changed it, if not the kernel itself. */
const ending = / id=(\d+)(?: \[USERSPACE\] portid=\d+)?$/;

/** Reads a line of `conntrack -E -o id`; null for what is none. */
export function readTrackEvent(line: string): TrackEvent | null {
  const [, kind, words = ''] = /^\s*\[(NEW|UPDATE|DESTROY)\]\s+(.*?)\s*$/.exec(line) ?? [];
  if (kind === undefined) return null;
  const tuples = [...words.matchAll(/src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g)].map(
    ([, source = '', destination = '', from, to]): Direction => ({
      source: from === undefined ? source : `${source}:${from}`,
      destination: to === undefined ? destination : `${destination}:${to}`,
    }),
  );
  const [original, reply] = tuples;
  const id = ending.exec(words)?.[1];
  if (!original || !reply || id === undefined) return null;
  return {
    ...{ kind: kind as TrackEvent['kind'], id, original, reply, unreplied: words.includes('[UNREPLIED]') },
    text: `[${kind}] ${words.replace(ending, '').replace(/\s+/g, ' ')}`,
  };
}

export interface TrackWatch {
  /** What happened to the host's connections up to now. */
  seen(): Promise<readonly TrackEvent[]>;
}

/** Addresses that nobody has (RFC 5737's, the last ones), for connections that only mark a moment. */
const mark = '-p udp -s 192.0.2.254 -d 192.0.2.255 --sport 9 --dport';
const marker = (port: number): string =>
  `conntrack -I ${mark} ${port} -t 60 >/dev/null 2>&1; conntrack -D ${mark} ${port} >/dev/null 2>&1`;
const [first, last] = [9, 10];

/** Resolves when the host tells of all that becomes of its connections. */
export async function watchConnections(sandbox: Sandbox, host: string): Promise<TrackWatch> {
  const daemon = sandbox.start(`conntrack on ${host}`, host, ['conntrack', '-E', '-o', 'id']);
  const told = (port: number): RegExp => new RegExp(`\\[DESTROY\\] .*src=192\\.0\\.2\\.254 .* dport=${port} `);
  const job = sandbox.launch(host, ['sh', '-c', `while :; do ${marker(first)}; done`]);
  await daemon.says(told(first), 60);
  await job.stop();
  return {
    seen: async () => {
      await sandbox.run('ending the watch', host, ['sh', '-c', marker(last)]);
      await daemon.says(told(last), 60);
      const lost = daemon.lines.filter((line) => /ENOBUFS|losing events/i.test(line));
      if (lost.length > 0) throw new LabError('lab-failed', `${daemon.name} lost events: ${lost.join(' | ')}`);
      return daemon.lines.flatMap((line) => readTrackEvent(line) ?? []);
    },
  };
}
