// What is sent, at random.
import fc from 'fast-check';
import type { Shot } from '../../backend/volley.ts';
import { claimed, home, lines, ports } from './trial.ts';

const { constantFrom: one } = fc;
const line = one(...lines);
/** Where a shot's own address is among the internet's, or those at home. */
const own = fc.integer({ min: 1, max: 0xfffe });
const internetAddress = (index: number): string => `198.${18 + (index & 1)}.${index >> 8}.${index & 255}`;
/** None of those that the internet claims to have. */
const homeAddress = (index: number): string => `10.8.${(index >> 8) % claimed.first}.${index & 255}`;
const claimedAddress = (index: number): string => `10.8.${claimed.first + ((index >> 8) & 15)}.${index & 255}`;

type Aim = (index: number, sourcePort: number) => Shot;
const transport = one('udp', 'tcp', 'icmp');
const aim: fc.Arbitrary<Aim> = fc.oneof(
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

export const aims = fc.uniqueArray(fc.tuple(own, aim), { minLength: 1, maxLength: 10, selector: ([index]) => index });

/** @param first the source port of the first shot; others have those that follow */
export const shotsOf = (chosen: readonly (readonly [number, Aim])[], first: number): readonly Shot[] =>
  chosen.map(([index, make], place) => make(index, first + place));
