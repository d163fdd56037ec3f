import { parsePrefix, type Prefix } from '../net/address.ts';
import type { TunnelState } from './capture.ts';
import type { Sandbox } from './sandbox.ts';

/** What becomes of a host's tunnel devices while a lab runs. */
export interface TunnelWatch {
  /** Their packet counts now, and every address that they have had. */
  states(): Promise<ReadonlyMap<string, TunnelState>>;
}

/** Watches tunnel devices: a client that is stopped, or dials again, takes its address with it. */
export function watchTunnels(sandbox: Sandbox, host: string, tunnels: readonly string[]): TunnelWatch {
  const monitor = sandbox.launch(host, ['ip', '-4', 'monitor', 'address']);
  return {
    states: async () => {
      const json = await sandbox.run('asking the tunnels', host, ['ip', '-j', '-s', 'address']);
      const devices = (JSON.parse(json) as Device[]).filter(({ ifname }) => tunnels.includes(ifname));
      const had = await monitor.said();
      return new Map(
        devices.map(({ ifname, addr_info, stats64: { rx, tx } }) => {
          const own = addr_info.filter(({ family }) => family === 'inet');
          const now = own.map(({ local, prefixlen }) => parsePrefix(`${local}/${prefixlen}`));
          return [ifname, { carried: rx.packets + tx.packets, addresses: [...now, ...addressesIn(had, ifname)] }];
        }),
      );
    },
  };
}

/** What we read of `ip -j -s address`. */
interface Device {
  readonly ifname: string;
  readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
  readonly stats64: { readonly rx: { readonly packets: number }; readonly tx: { readonly packets: number } };
}

/** A device's addresses in what `ip monitor address` said: `5: tun0    inet 10.8.0.2/24 scope global tun0`. */
function addressesIn(text: string, device: string): readonly Prefix[] {
  return text.split('\n').flatMap((line) => {
    const [, name, address] = /^(?:Deleted )?\d+: (\S+) +inet (\S+\/\d+)/.exec(line) ?? [];
    return name === device && address !== undefined ? [parsePrefix(address)] : [];
  });
}
