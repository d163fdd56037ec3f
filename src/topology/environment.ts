import type { Topology } from './topology.ts';

/** `IF1 GW1 IP1 NET1 IF2 …`: what a candidate's script is told about its uplinks. */
export function scriptEnvironment({ server }: Topology): Record<string, string> {
  return Object.fromEntries(
    server.uplinks.flatMap((uplink, index) => [
      [`IF${index + 1}`, uplink.interface],
      [`GW${index + 1}`, uplink.gateway],
      [`IP${index + 1}`, uplink.address],
      [`NET${index + 1}`, uplink.network],
    ]),
  );
}
