/** What the carrier's line to the internet does to the tunnel's packets. */
import type { Crossing, Evidence } from '../../src/backend/crossing.ts';
import { binomialRange } from '../../src/scenario/binomial.ts';
import type { StatementResult } from '../../src/scenario/result.ts';
import type { Impairment } from '../../src/topology/topology.ts';
import { statement, vpn, type TunnelProtocol } from './house.ts';

/** How often a line that does as it should may be taken for one that doesn't. */
const risk = 1e-7;

/** Judges each packet by when it came to the far end, and how many did: no more may be lost than chance allows, nor fewer. */
export function judgeLine(
  { crossings, until }: Evidence,
  { delay, loss }: Impairment,
  protocol: TunnelProtocol,
): StatementResult {
  const own = crossings.filter((each) => each.protocol === protocol && [each.source, each.destination].includes(vpn));
  const took = [
    ...along(own, { host: 'cgnat', interface: 'internet' }, { host: 'internet', interface: 'cgnat' }, until),
    ...along(own, { host: 'internet', interface: 'cgnat' }, { host: 'cgnat', interface: 'internet' }, until),
  ];
  const came = took.filter((seconds) => seconds !== null);
  const lost = took.length - came.length;
  const soonest = Math.min(...came);
  const { low, high } = took.length > 0 ? binomialRange(took.length, loss, risk) : { low: 0, high: 0 };
  const inTime = `after at least ${(delay * 1000).toFixed(0)} ms`;
  return statement(
    "the carrier's line delays each of the tunnel's packets, and loses as many as chance may",
    `each comes ${inTime}, ${low} to ${high} of ${took.length} don't`,
    `${came.length > 0 ? `the first after ${(soonest * 1000).toFixed(1)} ms` : 'none comes'}, ${lost} of ${took.length} don't`,
    came.length > 0 && soonest >= delay - clockError && lost >= low && lost <= high,
  );
}

/** Seconds: captures tell time by the microsecond. */
const clockError = 2e-6;

type Place = Pick<Crossing, 'host' | 'interface'>;

/** Seconds that each packet took from one end to the other; null: it didn't come. */
function along(crossings: readonly Crossing[], from: Place, to: Place, until: number): readonly (number | null)[] {
  const at = (place: Place, direction: Crossing['direction']): readonly Crossing[] =>
    crossings.filter(
      (each) => each.host === place.host && each.interface === place.interface && each.direction === direction,
    );
  const arrived = [...at(to, 'in')];
  return at(from, 'out').flatMap((out) => {
    if (out.time >= until) return [];
    const index = arrived.findIndex(({ identity, time }) => identity === out.identity && time >= out.time);
    const [there] = index < 0 ? [] : arrived.splice(index, 1);
    return [there ? there.time - out.time : null];
  });
}
