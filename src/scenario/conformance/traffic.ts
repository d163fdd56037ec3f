// What is sent, at random.
import fc from 'fast-check';
import type { Shot } from '../../backend/volley.ts';
import { contains, parseIPv4, parsePrefix } from '../../net/address.ts';
import { claimed, elsewhere, home, lines, names, ports } from './trial.ts';

const { constantFrom: one } = fc;
const line = one(...lines);
/** Where a shot's own address is among the internet's, or those at home. */
const own = fc.integer({ min: 1, max: 0xfffe });
const internetAddress = (index: number): string => `198.${18 + (index & 1)}.${index >> 8}.${index & 255}`;
/** None of those that the internet claims to have. */
const homeAddress = (index: number): string => `10.8.${(index >> 8) % claimed.first}.${index & 255}`;
const claimedAddress = (index: number): string => `10.8.${claimed.first + ((index >> 8) & 15)}.${index & 255}`;

type Aim = (index: number, sourcePort: number) => Shot;
const mark = fc.integer({ min: 1, max: 4 });
const transport = one('udp', 'tcp', 'icmp');
const directed: fc.Arbitrary<Aim> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(line, transport, one(...Object.values(ports)))
      .map(([{ address }, kind, port]): Aim => (index, sourcePort) => ({
        host: 'internet',
        protocol: kind,
        destination: address,
        port: kind === 'icmp' ? 0 : port,
        sourcePort,
        source: internetAddress(index),
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(line, one('udp', 'tcp'), one(ports.forwarded, ports.closed))
      .map(([{ address }, protocol, port]): Aim => (index, sourcePort) => ({
        ...{ host: 'internet', protocol, destination: address, port, sourcePort, source: internetAddress(index) },
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        transport,
        one(ports.wildcard, ports.stream, ports.closed),
        fc.option(line, { nil: undefined }),
        fc.boolean(),
      )
      .map(([kind, port, from, connected]): Aim => (index, sourcePort) => ({
        ...{
          host: 'server',
          protocol: kind,
          destination: internetAddress(index),
          port: kind === 'icmp' ? 0 : port,
          sourcePort,
        },
        ...(from && { source: from.address }),
        ...(kind === 'udp' && { connected }),
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(one('internet', 'lan'), line, fc.boolean())
      .map(([host, { address }, isClaimed]): Aim => (index, sourcePort) => ({
        ...{ host, protocol: 'udp', destination: address, port: names.port, sourcePort, asks: names.known },
        source: host === 'lan' ? homeAddress(index) : isClaimed ? claimedAddress(index) : internetAddress(index),
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(transport, line, fc.option(line, { nil: undefined }), fc.option(mark, { nil: undefined }), fc.boolean())
      .map(([protocol, { name }, from, number, toDevice]): Aim => (index, sourcePort) => ({
        ...{ host: 'server', protocol, destination: internetAddress(index), sourcePort },
        port: protocol === 'icmp' ? 0 : protocol === 'tcp' ? ports.stream : ports.wildcard,
        ...(from && { source: from.address }),
        ...(number !== undefined && { mark: number }),
        ...((toDevice || number === undefined) && { device: name }),
      })),
  },
  {
    weight: 1,
    arbitrary: one(1, 2).map((ttl): Aim => (index, sourcePort) => ({
      ...{ host: 'lan', protocol: 'udp', source: homeAddress(index), destination: internetAddress(index) },
      ...{ port: ports.wildcard, sourcePort, ttl },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(transport, one(...lines.map(({ address }) => address), home.router), one(...Object.values(ports)))
      .map(([kind, destination, port]): Aim => (index, sourcePort) => ({
        host: 'lan',
        protocol: kind,
        destination,
        port: kind === 'icmp' ? 0 : port,
        sourcePort,
        source: homeAddress(index),
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(transport, one(ports.wildcard, ports.stream, ports.closed))
      .map(([kind, port]): Aim => (index, sourcePort) => ({
        host: 'internet',
        protocol: kind,
        destination: homeAddress(index),
        port: kind === 'icmp' ? 0 : port,
        sourcePort,
        source: internetAddress(index),
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(line, transport, one(...Object.values(ports)))
      .map(([{ address }, kind, port]): Aim => (index, sourcePort) => ({
        host: 'internet',
        protocol: kind,
        destination: address,
        port: kind === 'icmp' ? 0 : port,
        sourcePort,
        source: claimedAddress(index),
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(transport, one(ports.wildcard, ports.stream, ports.closed))
      .map(([kind, port]): Aim => (index, sourcePort) => ({
        host: 'lan',
        protocol: kind,
        destination: internetAddress(index),
        port: kind === 'icmp' ? 0 : port,
        sourcePort,
        source: homeAddress(index),
      })),
  },
);

/** Sent to everybody on a link, whether or not the router still knows it for that. */
const broadcast: fc.Arbitrary<Aim> = fc
  .tuple(one(home, ...lines), one('udp', 'icmp', 'dns'), one(ports.wildcard, ports.bound, ports.closed))
  .map(([link, kind, port]): Aim => (index, sourcePort) => ({
    ...{ sourcePort, destination: 'gateway' in link ? `${link.network}.255` : '192.168.7.255' },
    ...(link === home
      ? { host: home.name, source: homeAddress(index) }
      : { host: 'internet', source: internetAddress(index) }),
    ...(kind === 'dns'
      ? { protocol: 'udp', port: names.port, asks: names.known }
      : { protocol: kind, port: kind === 'icmp' ? 0 : port }),
  }));

const aim = fc.oneof({ weight: 18, arbitrary: directed }, { weight: 1, arbitrary: broadcast });

/** One alone. */
export const soleAim = fc.tuple(own, aim);

export const aims = fc.uniqueArray(fc.tuple(own, aim), { minLength: 1, maxLength: 10, selector: ([index]) => index });

/** @param first the source port of the first shot; others have those that follow */
export const shotsOf = (chosen: readonly (readonly [number, Aim])[], first: number): readonly Shot[] =>
  chosen.map(([index, make], place) => make(index, first + place));

/** What a shot tries, for the count; none for what is as usual. */
export function triesOf({
  host,
  protocol,
  source,
  destination,
  port,
  device,
  mark: marked,
  ttl,
  asks,
  connected,
  goesOn,
}: Shot): string[] {
  const isClaimed = host === 'internet' && source !== undefined && isWithin(source, claimed.network);
  const kinds: readonly (readonly [boolean, string])[] = [
    [asks !== undefined, 'answer by IP_PKTINFO'],
    [device !== undefined, `${protocol} socket bound to a device`],
    [marked !== undefined, `${protocol} socket with a mark`],
    [ttl !== undefined, 'few hops'],
    [isClaimed, "source of somebody else's"],
    [host === 'internet' && destination.startsWith('10.'), 'from the internet to the home network'],
    [host === 'lan' && !destination.startsWith('198.'), 'from the home network to the router'],
    [host === 'server' && source !== undefined, 'bound socket'],
    [connected === true, 'connected UDP socket'],
    [port === ports.forwarded, 'forwarded port'],
    [goesOn === true, 'connection that goes on'],
    [destination.endsWith('.255') && !ownAddresses({ destination }).length, 'broadcast on a link'],
  ];
  return [`${protocol} from ${host}`, ...kinds.filter(([holds]) => holds).map(([, kind]) => kind)];
}

const isWithin = (address: string, network: string): boolean => contains(parsePrefix(network), parseIPv4(address));

/** The addresses that only this shot has to do with: those in networks of which hosts have thousands. */
export function ownAddresses({ source, destination }: Pick<Shot, 'source' | 'destination'>): readonly string[] {
  return [source, destination].filter((address) => address !== undefined).filter(isOwn);
}

/** Whether an address is one of the many that shots have to themselves. */
export const isOwn = (address: string): boolean => /^(?:198|10)\./.test(address) && address !== elsewhere;
