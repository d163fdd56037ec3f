import { addAddress } from './addresses.ts';
import type { Clock } from './clock.ts';
import { createConntrack } from './conntrack/conntrack.ts';
import { scopes } from './device.ts';
import { newDevice, setCarrier, setUp } from './devices.ts';
import type { Era } from './era.ts';
import { createFib } from './fib/fib.ts';
import { createNexthopObjects } from './fib/nexthop-objects.ts';
import type { RouteError } from './flow.ts';
import type { Host } from './host.ts';
import { receive } from './ip.ts';
import { createNeighbours } from './neighbour.ts';
import { createNetfilter } from './netfilter/netfilter.ts';
import { protocols, type Packet } from './packet.ts';
import type { Random } from './random.ts';
import { createRouteCache } from './route-cache.ts';
import { createRules } from './rules.ts';
import { connectionKey, forget } from './sockets/tcp.ts';
import { udpError } from './sockets/udp.ts';
import { createSysctls } from './sysctl.ts';

export interface StackOptions {
  readonly name: string;
  readonly era: Era;
  readonly clock: Clock;
  readonly random: Random;
  /** Secret of the hash among nexthops where no sysctl gives it; an unsigned 32-bit number, not 0. */
  readonly hashSecret: number;
  readonly chosenBySecret: Host['chosenBySecret'];
  readonly nextIdentity: () => number;
  readonly trailOf: Host['trailOf'];
  readonly dropped: Host['dropped'];
}

/** A network stack as a new network namespace has it, with its loopback device up. */
export function createHost(options: StackOptions): Host {
  const loopback = newDevice(1, 'lo', 'loopback');
  const host: Host = {
    ...options,
    sysctls: createSysctls(options.era),
    loopback,
    devices: new Map([[loopback.index, loopback]]),
    fib: createFib(createNexthopObjects()),
    rules: createRules(),
    routeCache: createRouteCache(),
    neighbours: createNeighbours(),
    netfilter: createNetfilter(),
    conntrack: createConntrack(() => host),
    sockets: {
      udp: new Map(),
      listeners: new Map(),
      connections: new Map(),
      echoReplies: new Map(),
      errorTokens: new Map(),
      errors: (about, type, code) => {
        passError(host, about, type, code);
      },
    },
    silent: false,
    lookedUp: null,
    routeGeneration: 0,
    exceptionGeneration: 0,
    redirected: new Map(),
    addressGeneration: 0,
    counters: new Map(),
    log: [],
    linkListeners: new Set(),
  };
  host.sysctls.addInterface('lo');
  loopback.transmit = ({ packet, mark, connection, tracking, toSelf }) => {
    const routedTo = toSelf ? packet.destination : null;
    options.clock.after(0, () => {
      receive(host, loopback, packet, { mark, connection, tracking, routedTo });
    });
  };
  setUp(host, loopback);
  setCarrier(host, loopback, true);
  addAddress(host, loopback, {
    local: 0x7f000001,
    peer: 0x7f000001,
    length: 8,
    broadcast: null,
    scope: scopes.host,
    prefixRoute: true,
  });
  return host;
}

/**
 * An ICMP error about something that the host has sent (net/ipv4/icmp.c, icmp_err_convert; net/ipv4/tcp_ipv4.c, tcp_v4_err).
 */
function passError(host: Host, about: Packet, type: number, code: number): void {
  const { protocol, source, sourcePort, destination, destinationPort } = about;
  if (protocol === protocols.udp && isFatal(type, code)) udpError(host, about);
  if (protocol !== protocols.tcp) return;
  const connection = host.sockets.connections.get(connectionKey(source, sourcePort, destination, destinationPort));
  // Any failure ends a connection that is not open yet; one that is open bears them all.
  const isFailure = type === 11 || type === 12 || (type === 3 && code !== fragmentationNeeded);
  if (connection?.state !== 'syn-sent' || !isFailure) return;
  const { events } = connection;
  forget(host, connection);
  events.failed?.(type === 3 && code === portUnreachable ? 'refused' : errorOf(type, code));
}

const portUnreachable = 3;
const fragmentationNeeded = 4;
/** Codes of 'destination unreachable' that a UDP socket passes on to its program: not those that may mend themselves. */
const fatalCodes: ReadonlySet<number> = new Set([2, portUnreachable, 5, 6, 7, 8, 9, 10, 13, 14, 15]);

function isFatal(type: number, code: number): boolean {
  return type === 12 || (type === 3 && fatalCodes.has(code));
}

/** Network unreachable, unknown, prohibited, and not for this type of service. */
const networkCodes: ReadonlySet<number> = new Set([0, 6, 9, 11]);

function errorOf(type: number, code: number): RouteError {
  return type === 3 && networkCodes.has(code) ? 'ENETUNREACH' : 'EHOSTUNREACH';
}
