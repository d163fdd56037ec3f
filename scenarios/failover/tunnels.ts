/** VPN clients on the desktop, one for each line, and what goes through their tunnels. */
import type { Dialling, Lab, Rounds } from '../../src/backend/lab.ts';
import type { StatementResult } from '../../src/scenario/result.ts';
import { leftToChance, type Expectation, type Pair } from './expectations.ts';
import { askers, ports, type Asked } from './gateway.ts';

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

/** Starts a VPN server at the address of each line, and a client that calls it; resolves when their tunnels are up. */
export async function openTunnels(lab: Lab, addresses: readonly string[]): Promise<readonly Dialling[]> {
  return Promise.all(
    addresses.map(async (server, line) => {
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
      await client.until(({ connected }) => connected > 0, patience);
      return client;
    }),
  );
}

/** Asks through each tunnel; the packets that carry it are the tunnel's own, on their way to its server. */
export function askedThrough(addresses: readonly string[]): Asked {
  const flow = { client: askers.desktop.host, protocol: 'udp', sourcePort: 'any', port: ports.vpn } as const;
  return {
    asker: askers.desktop,
    probes: addresses.map((_, line) => ({ protocol: 'udp', destination: tunnelBy(line).theirs, port: ports.udp })),
    flows: addresses.map((server) => ({ ...flow, server })),
  };
}

/**
 * What should come of the tunnels. They are UDP flows, but when one doesn't work, its client begins another, as all new
 * connections do.
 */
export function ofTunnels({ udp, udpAfter, new: fresh, newAfter }: Expectation): Record<'during' | 'after', Pair> {
  const either = (flow: Pair[number], other: Pair[number]): Pair[number] =>
    flow === 'works' || leftToChance(flow) ? flow : other;
  const both = (flow: Pair, other: Pair): Pair => [either(flow[0], other[0]), either(flow[1], other[1])];
  return { during: both(udp, fresh), after: both(udpAfter, newAfter) };
}

/** How often each client has begun anew up to now. */
export async function roundsOf(clients: readonly Dialling[]): Promise<readonly Rounds[]> {
  return Promise.all(clients.map((client) => client.until(() => true, patience)));
}

/**
 * Whether tunnels went on from one time to another or were begun anew. Of one that should carry nothing it isn't asked: when
 * its client gives it up is a matter of its timers.
 *
 * @param flows what becomes of a UDP flow, and so of a tunnel that isn't begun anew
 */
export function judgeRounds(
  when: string,
  lines: readonly string[],
  [before, after]: readonly [readonly Rounds[], readonly Rounds[]],
  flows: readonly (Pair[number] | 'not asked')[],
): readonly StatementResult[] {
  return lines.flatMap((line, index) => {
    const flow = flows[index] ?? 'any';
    if (flow === 'not asked' || leftToChance(flow)) return [];
    const count = (after[index]?.restarted ?? 0) - (before[index]?.restarted ?? 0);
    const expected = flow === 'works' ? 'goes on' : 'is begun anew';
    const found = count === 0 ? 'goes on' : 'is begun anew';
    const times = count > 1 ? `, ${count} times` : '';
    const name = `${when}: the tunnel that went by ${line} at first`;
    return [{ kind: 'statement', name, expected, found: `${found}${times}`, ok: found === expected }];
  });
}
