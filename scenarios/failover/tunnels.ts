/** VPN clients on the desktop, one for each line, and what goes through their tunnels. */
import type { Dialling, Lab, Rounds } from '../../src/backend/lab.ts';
import { LabError } from '../../src/net/error.ts';
import type { StatementResult } from '../../src/scenario/result.ts';
import { leftToChance, type Expectation, type Pair } from './expectation.ts';
import { askers, ports, type Asked, type Place } from './gateway.ts';

/** The tunnel devices, by host: one for each line. */
export const tunnels = { desktop: ['tun0', 'tun1'], world: ['tun0', 'tun1'] };

/** The line's tunnel: its device, its network, and the addresses of its two ends. */
const tunnelBy = (line: number) => ({
  tunnel: `tun${line}`,
  network: `10.8.${line}.0/24`,
  theirs: `10.8.${line}.1`,
  ours: `10.8.${line}.2`,
});

/** Seconds; and when a client that has heard nothing for so long begins anew. */
const [patience, keepalive] = [30, { interval: 1, timeout: 4 }];

/** A VPN client, and whether its tunnel has come up. */
interface Tunnel {
  readonly client: Dialling;
  readonly isUp: boolean;
}

/** Starts a VPN server at each place, and a client that calls it; resolves when their tunnels are up, or won't be. */
export async function openTunnels(lab: Lab, places: readonly Place[]): Promise<readonly Tunnel[]> {
  return Promise.all(
    places.map(async ({ address: server, line }) => {
      const { tunnel, network, theirs, ours } = tunnelBy(line);
      await lab.serve('world', {
        ...{
          kind: 'openvpn',
          name: `openvpn-${line + 1}`,
          protocol: 'udp',
          port: ports.vpn,
          tunnel,
          network,
          keepalive,
        },
        ...{ clientAddress: ours, binding: { kind: 'address', address: server } },
      });
      await lab.serve('world', {
        ...{ kind: 'udp-echo', name: `tunnel-echo-${line + 1}`, port: ports.udp },
        binding: { kind: 'address', address: theirs },
      });
      const call = { kind: 'dial', protocol: 'udp', server, port: ports.vpn, sourcePort: 'any', tunnel } as const;
      const client = await lab.dial('desktop', call);
      return { client, isUp: await comesUp(client) };
    }),
  );
}

async function comesUp(client: Dialling): Promise<boolean> {
  try {
    return (await client.until(({ connected }) => connected > 0, patience)).connected > 0;
  } catch (error) {
    if (error instanceof LabError && error.code === 'lab-failed') return false;
    throw error;
  }
}

/** The tunnels that don't even come up while all is well. */
export function judgeUp(places: readonly Place[], tunnels: readonly Tunnel[]): readonly StatementResult[] {
  return places.flatMap(({ uplink }, index): readonly StatementResult[] => {
    if (tunnels[index]?.isUp === true) return [];
    const name = `before anything fails: the tunnel by ${uplink}`;
    return [{ kind: 'statement', name, expected: 'comes up', found: `not in ${patience} s`, ok: false }];
  });
}

/** Asks through each tunnel; the packets that carry it are the tunnel's own, on their way to its server. */
export function askedThrough(places: readonly Place[]): Asked {
  const flow = { client: askers.desktop.host, protocol: 'udp', sourcePort: 'any', port: ports.vpn } as const;
  return {
    asker: askers.desktop,
    questions: places.map((place) => ({
      place,
      probe: { protocol: 'udp', destination: tunnelBy(place.line).theirs, port: ports.udp },
      flow: { ...flow, server: place.address },
    })),
  };
}

/**
 * What should come of the tunnels. They are UDP flows, but when one doesn't work, its client begins another, as all new
 * connections do.
 */
export function ofTunnels({ udp, udpAfter, new: fresh, newAfter }: Expectation): Record<'during' | 'after', Pair> {
  const either = (flow: Pair[number], other: Pair[number]): Pair[number] => {
    if (flow === 'works' || flow === 'any') return flow;
    return leftToChance(flow) && other !== 'works' ? flow : other;
  };
  const both = (flow: Pair, other: Pair): Pair => [either(flow[0], other[0]), either(flow[1], other[1])];
  return { during: both(udp, fresh), after: both(udpAfter, newAfter) };
}

/** How often each client has begun anew up to now. */
export async function roundsOf(tunnels: readonly Tunnel[]): Promise<readonly Rounds[]> {
  return Promise.all(tunnels.map(({ client }) => client.until(() => true, patience)));
}

/**
 * Whether tunnels went on from one time to another or were begun anew. Of one that should carry nothing it isn't asked: when
 * its client gives it up is a matter of its timers.
 *
 * A client that heard nothing for so long that it gave its tunnel up is right to begin it anew, if new connections had no answer
 * either: then not the tunnel was dead, but every way.
 *
 * @param tunnels what should come of them
 * @param flows what should come of a UDP flow, and so of a tunnel that isn't begun anew
 * @param silences for how many seconds at most new connections to the same places had no answer; null: they never had one
 */
export function judgeRounds(
  when: string,
  places: readonly Place[],
  [before, after]: readonly [readonly Rounds[], readonly Rounds[]],
  tunnels: Pair,
  flows: Pair,
  silences: readonly (number | null)[],
): readonly StatementResult[] {
  return places.flatMap(({ line, uplink }, index) => {
    const flow = flows[line] ?? 'any';
    if (tunnels[line] !== 'works' || leftToChance(flow)) return [];
    const count = (after[index]?.restarted ?? 0) - (before[index]?.restarted ?? 0);
    const expected = flow === 'works' ? 'goes on' : 'is begun anew';
    const found = count === 0 ? 'goes on' : 'is begun anew';
    const times = count > 1 ? `, ${count} times` : '';
    const silence = silences[index] ?? Infinity;
    // The last ping may have come that much before all fell silent; and who finds no way begins anew again.
    const excused = count > 0 && count <= Math.floor((silence + keepalive.interval) / keepalive.timeout);
    const why = excused && found !== expected ? `: for ${silence.toFixed(1)} s there was no way at all` : '';
    const name = `${when}: the tunnel that went by ${uplink} at first`;
    return [{ kind: 'statement', name, expected, found: `${found}${times}${why}`, ok: found === expected || excused }];
  });
}
