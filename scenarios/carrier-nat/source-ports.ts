/** By which source ports a tunnel's client is seen, as its rounds go by. */
import type { Crossing, Evidence } from '../../src/backend/crossing.ts';
import type { StatementResult } from '../../src/scenario/result.ts';
import { statement, vpn, type TunnelProtocol } from './house.ts';

/** The ports that the server sees of it. */
export type SeenPorts = 'one' | 'another in each round' | 'another for each packet' | 'none';

/**
 * Judges the rounds by their packets: each has a source port of its own at the router, and what the server sees of it.
 *
 * @param enough how many rounds there must have been, where there are several
 */
export function judgePorts(
  { crossings }: Evidence,
  expected: SeenPorts,
  protocol: TunnelProtocol,
  enough: number,
): readonly StatementResult[] {
  const toServer = crossings.filter((each) => each.protocol === protocol && each.destination === vpn);
  const atRouter = toServer.filter(({ host, direction }) => host === 'router' && direction === 'out');
  const atServer = toServer.filter(({ host, direction }) => host === 'cloud' && direction === 'in');
  const sources = [...new Set(atRouter.map(({ source }) => source))];
  const begun = sources.map((source) => atRouter.find((each) => each.source === source)?.time ?? NaN);
  const apart = begun.slice(1).map((time, index) => time - (begun[index] ?? NaN));
  const seen = sources.map((source) => {
    const sent = new Set(atRouter.filter((each) => each.source === source).map(({ identity }) => identity));
    const arrived = atServer.filter(({ identity }) => sent.has(identity));
    return [...new Set(arrived.map((each) => each.source.slice(each.source.indexOf(':') + 1)))];
  });
  const first = seen.flatMap(([port]) => port ?? []);
  const found =
    `by round: ${seen.map((round) => (round.length > 3 ? `${round.length} ports` : round.join(' '))).join(', ')}; ` +
    `seconds between rounds: ${apart.map((seconds) => seconds.toFixed(1)).join(', ') || 'none'}`;
  const text = (ok: boolean): StatementResult => statement('source ports that the server sees', expected, found, ok);
  switch (expected) {
    case 'one':
      return [text(seen.length === 1 && first.length === 1)];
    case 'another in each round':
      return [text(first.length >= enough && new Set(first).size === first.length)];
    case 'none':
      return [text(sources.length > 0 && first.length === 0)];
    case 'another for each packet': {
      const all = new Set(atServer.map(({ source }) => source)).size;
      const answers = crossings.filter((each) => each.host === 'cloud' && each.source === vpn);
      return [
        text(first.length >= enough && all === atServer.length),
        statement(
          'the server answers what it keeps nothing of, again and again',
          'UDP 26 bytes to UDP 14 bytes',
          `${kinds(answers)} to ${kinds(atServer)}`,
        ),
      ];
    }
  }
}

function kinds(packets: readonly Crossing[]): string {
  return [...new Set(packets.map(({ summary }) => summary))].join(', ');
}
