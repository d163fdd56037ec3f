import type { OpenVpnServer } from '../../../backend/service.ts';
import { formatIPv4, networkOf, parseIPv4, parsePrefix } from '../../../net/address.ts';
import { maskOf } from '../../device.ts';
import type { Host } from '../../host.ts';
import type { Packet } from '../../packet.ts';
import { openTunnel, type Tunnel, type Tunnels } from '../tunnel.ts';
import { createWatch, type Watch } from './keepalive.ts';
import { endpoint, type Log } from './log.ts';
import { pushText, type Pushed } from './push.ts';
import { createServerSession, type ServerSession } from './server-session.ts';
import type { ControlMessage, DataMessage, Message, SessionId } from './wire.ts';

/** Where a client is, and the way by which it is answered. */
export interface Path {
  readonly address: number;
  readonly port: number;
  /** What is logged of where its packet came in; empty where the server doesn't know. */
  readonly via: string;
  readonly send: (message: Message) => void;
  /** Ends what carries the messages, where that is the client's alone. */
  readonly close: () => void;
}

/** What the server keeps of a client. */
export interface Instance {
  /** The number by which the client's data names it. */
  readonly peer: number;
  /** By this way its data goes. It is renewed if the client's address changes, and not otherwise. */
  path: Path;
  session: ServerSession;
  /** A handshake of the client's anew, from the same address and port. */
  untrusted: ServerSession | null;
  /** Its address in the tunnel; null until it is connected. */
  address: number | null;
  /** When it was sent its options. */
  repliedAt: number | null;
  watch: Watch;
}

/** The part of a server that doesn't depend on what carries its messages. */
export interface Instances {
  readonly all: ReadonlySet<Instance>;
  /** The client that has this address and port. */
  at(address: number, port: number): Instance | undefined;
  /** Begins an instance with a session. */
  create(path: Path, own: SessionId, client: SessionId, stateless: boolean): Instance;
  /** Takes a control message; one of a session unknown begins a new handshake. */
  control(instance: Instance, path: Path, message: ControlMessage, newSession: () => SessionId): void;
  /** Takes what was encrypted with the client's keys, by whatever way it came. */
  data(instance: Instance, path: Path, message: DataMessage): void;
  remove(instance: Instance, signal: string): void;
  close(): void;
}

/** Seconds in which a client that was sent its options gets no others. */
const replyExpiry = 30;

export function createInstances(host: Host, service: OpenVpnServer, tunnels: Tunnels, log: Log): Instances {
  const network = networkOf(parsePrefix(service.network));
  const gateway = network.address + 1;
  const lossy = service.protocol === 'udp';
  const keepalive = service.keepalive ?? null;
  const all = new Set<Instance>();

  const nameOf = ({ path, address }: Pick<Instance, 'path' | 'address'>): string =>
    `${address === null ? '' : 'client/'}${formatIPv4(path.address)}:${path.port}`;
  const carry = (packet: Packet): void => {
    for (const instance of all) if (instance.address === packet.destination) sendData(instance, packet);
  };
  const tunnel: Tunnel = openTunnel(host, tunnels, service.tunnel, { address: gateway, length: network.length }, carry);
  const sendData = (instance: Instance, packet: Packet | null): void => {
    const { keys } = instance.session;
    if (keys === null) return;
    instance.watch.sent();
    instance.path.send({ kind: 'data', peer: instance.peer, keys, packet });
  };
  const free = (taken: (number: number) => boolean, from: number): number => {
    for (let number = from; ; number++) if (!taken(number)) return number;
  };
  const reply = (instance: Instance): void => {
    const { session, peer, address } = instance;
    const { now } = host.clock;
    if (address === null || (instance.repliedAt !== null && now < instance.repliedAt + replyExpiry)) return;
    instance.repliedAt = now;
    const pushed: Pushed = { gateway, address, length: network.length, keepalive, peer };
    log.say(`${nameOf(instance)} SENT CONTROL [client]: '${pushText(pushed)}' (status=1)`);
    session.push(pushed);
  };
  const connected = (instance: Instance, path: Path): void => {
    const from = `${endpoint(path.address, path.port)}${path.via}`;
    log.say(`${nameOf(instance)} [client] Peer Connection Initiated with ${from}`);
    if (instance.address === null) {
      const isTaken = (address: number): boolean => [...all].some((each) => each.address === address);
      const last = (network.address | ~maskOf(network.length)) >>> 0;
      const { clientAddress } = service;
      const address = clientAddress === undefined ? free(isTaken, gateway + 1) : parseIPv4(clientAddress);
      if (address >= last) {
        remove(instance, 'no free --ifconfig-pool addresses are available');
        return;
      }
      // Who comes later takes an address that is always the same along.
      for (const each of all) if (each.address === address) each.address = null;
      instance.address = address;
      log.say(`${nameOf(instance)} MULTI: Learn: ${formatIPv4(address)} -> ${nameOf(instance)}`);
    }
    reply(instance);
  };
  const sessionOf = (
    instance: () => Instance,
    path: Path,
    own: SessionId,
    client: SessionId,
    stateless: boolean,
  ): ServerSession =>
    createServerSession({
      clock: host.clock,
      own,
      client,
      stateless,
      lossy,
      transmit: (message) => {
        path.send(message);
      },
      say: (line) => {
        log.say(`${nameOf(instance())} ${line}`);
      },
      negotiated: () => {
        const each = instance();
        if (each.untrusted?.client === client) {
          each.session.close();
          each.session = each.untrusted;
          each.untrusted = null;
        }
        connected(each, path);
      },
      pushRequested: () => {
        reply(instance());
      },
      failed: () => {
        const each = instance();
        if (each.untrusted?.client === client) each.untrusted = null;
        else remove(each, 'soft,tls-error');
      },
    });
  const remove = (instance: Instance, signal: string): void => {
    log.say(`${nameOf(instance)} SIGUSR1[${signal}] received, client-instance restarting`);
    forget(instance);
  };
  const forget = (instance: Instance): void => {
    instance.session.close();
    instance.untrusted?.close();
    instance.watch.stop();
    instance.path.close();
    all.delete(instance);
  };
  return {
    all,
    at: (address, port) => [...all].find(({ path }) => path.address === address && path.port === port),
    create: (path, own, client, stateless) => {
      const session = sessionOf(() => instance, path, own, client, stateless);
      const instance: Instance = {
        peer: free((number) => [...all].some((each) => each.peer === number), 0),
        path,
        session,
        untrusted: null,
        address: null,
        repliedAt: null,
        watch: createWatch(host.clock, {
          interval: keepalive?.interval ?? null,
          ping: () => {
            sendData(instance, null);
          },
          // The server waits twice as long as it tells its clients to.
          timeout: keepalive ? 2 * keepalive.timeout : null,
          silent: () => {
            log.say(`${nameOf(instance)} [client] Inactivity timeout (--ping-restart), restarting`);
            remove(instance, 'soft,ping-restart');
          },
        }),
      };
      all.add(instance);
      return instance;
    },
    control: (instance, path, message, newSession) => {
      const known = [instance.session, instance.untrusted].find((each) => each?.client === message.session);
      if (known) {
        instance.watch.heard();
        known.receive(message);
        return;
      }
      if (message.content?.body.kind !== 'client-reset') return;
      log.say(`${nameOf(instance)} TLS: new session incoming connection from ${endpoint(path.address, path.port)}`);
      instance.untrusted?.close();
      instance.untrusted = sessionOf(() => instance, path, newSession(), message.session, false);
      instance.untrusted.receive(message);
    },
    data: (instance, path, { keys, packet }) => {
      if (keys !== instance.session.keys) return;
      const { address, port } = instance.path;
      if (address !== path.address || port !== path.port) {
        const other = [...all].find((each) => each.path.address === path.address && each.path.port === path.port);
        if (other) {
          log.say(`closing instance ${nameOf(other)} due to float collision with peer ${instance.peer}`);
          forget(other);
        }
        const [was, is] = [`${formatIPv4(address)}:${port}`, endpoint(path.address, path.port)];
        log.say(`peer ${instance.peer} (client) floated from ${was} to ${is}`);
        instance.path = path;
      }
      instance.watch.heard();
      if (!packet) return;
      if (packet.source === instance.address) tunnel.inject(packet);
      else {
        const source = formatIPv4(packet.source);
        log.say(`${nameOf(instance)} MULTI: bad source address from client [${source}], packet dropped`);
      }
    },
    remove,
    close: () => {
      for (const instance of [...all]) forget(instance);
      tunnel.close();
    },
  };
}
