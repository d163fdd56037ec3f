// Packets of home-gateway for tests, as one would write them down: by the interfaces they pass.
import type { Crossing } from '../backend/crossing.ts';

/** The addresses of the server's two lines. */
export const lineAddresses = ['203.0.113.2', '203.0.114.77'];

const inside = ['desktop eth0', 'server eth2'];
const line = (number: number): readonly string[] => [`server ppp${number - 1}`, `isp${number} server`];
const beyond = (number: number): readonly string[] => [
  ...[`isp${number} internet`, `internet isp${number}`, 'internet world', 'world eth0'],
];

/** Ways out, to where their name says; each `host interface`, by which a packet leaves and comes in by turns. */
export const ways = {
  toServer: inside,
  toIsp: (number: number): readonly string[] => [...inside, ...line(number)],
  toWorld: (number: number): readonly string[] => [...inside, ...line(number), ...beyond(number)],
};
/** The ways back, from the world to the server and home. */
export const waysBack = {
  toInternet: ['world eth0', 'internet world'],
  toIsp: (number: number): readonly string[] => ways.toWorld(number).slice(-4).reverse(),
  toDesktop: (number: number): readonly string[] => [...ways.toWorld(number)].reverse(),
};

let count = 0;

export interface SampleHop {
  readonly time: number;
  readonly way: readonly string[];
  readonly source: string;
  readonly destination: string;
  readonly protocol?: 'tcp' | 'udp' | 'icmp';
  /** What the server makes of it as it sends it on. */
  readonly nat?: { readonly source?: string; readonly destination?: string };
}

/** A packet's crossings, a thousandth of a second apart; no two packets have the same identity. */
export function pass({ time, way, source, destination, protocol = 'udp', nat = {} }: SampleHop): readonly Crossing[] {
  const same = { protocol, identity: `packet ${++count}`, bytes: 29, summary: '1 byte' };
  let ends = { source, destination };
  return way.map((place, index): Crossing => {
    const [host = '', name = ''] = place.split(' ');
    const direction = index % 2 === 0 ? 'out' : 'in';
    if (host === 'server' && direction === 'out') ends = { ...ends, ...nat };
    return { ...same, ...ends, time: time + index / 1000, host, interface: name, direction };
  });
}

/** The answer to a packet that arrived. */
export function answerTo(asking: readonly Crossing[], way: readonly string[]): readonly Crossing[] {
  const [first, last] = [asking[0], asking.at(-1)];
  if (!first || !last) throw new Error('no packet to answer');
  const { time, source, destination, protocol } = last;
  if (protocol !== 'udp' && protocol !== 'tcp') throw new Error(`no answer to ${protocol}`);
  return pass({
    ...{ time: time + 0.01, way, source: destination, destination: source, protocol },
    nat: { destination: first.source },
  });
}
