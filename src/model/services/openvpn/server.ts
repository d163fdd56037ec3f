import type { OpenVpnServer } from '../../../backend/service.ts';
import { formatIPv4, parseIPv4 } from '../../../net/address.ts';
import type { SipHashKey } from '../../../net/siphash.ts';
import type { Host } from '../../host.ts';
import { closeListener, end, write, type TcpConnection, type TcpEvents } from '../../sockets/tcp.ts';
import { closeUdp, sendUdp, type Datagram } from '../../sockets/udp.ts';
import { requireListener, requireUdp } from '../requirements.ts';
import type { Running } from '../running.ts';
import type { Tunnels } from '../tunnel.ts';
import { framing } from './client-link.ts';
import { createInstances, type Instance, type Instances, type Path } from './instances.ts';
import { createLog, endpoint, errorText, type Log } from './log.ts';
import { cookieFor, newSessionId } from './session-id.ts';
import { messageIn, payloadOf } from './wire.ts';

/** Until 2.6, `--multihome` hands a request's address and interface back to the kernel; since 2.7, its address alone. */
export type OpenVpnVersion = '2.6' | '2.7';

/**
 * OpenVPN as a server.
 *
 * @throws LabError `lab-failed` if its address isn't the host's, or its port or its device is taken
 */
export function serveOpenVpn(
  host: Host,
  service: OpenVpnServer,
  tunnels: Tunnels,
  version: OpenVpnVersion = '2.6',
): Running {
  const log = createLog(host.clock);
  const instances = createInstances(host, service, tunnels, log);
  try {
    const close =
      service.protocol === 'udp'
        ? serveByUdp(host, service, instances, log, version)
        : serveByTcp(host, service, instances, log);
    log.say('Initialization Sequence Completed');
    return {
      said: () => log.lines,
      stop: () => {
        log.say('SIGTERM[hard,] received, process exiting');
        instances.close();
        close();
      },
    };
  } catch (error) {
    instances.close();
    throw error;
  }
}

function boundTo({ binding }: OpenVpnServer): number {
  return binding.kind === 'address' ? parseIPv4(binding.address) : 0;
}

function serveByUdp(
  host: Host,
  service: OpenVpnServer,
  instances: Instances,
  log: Log,
  version: OpenVpnVersion,
): () => void {
  const secret = newSecret(host);
  const pathOf = ({ packet, info: received }: Datagram): Path => {
    const to = { address: packet.source, port: packet.sourcePort };
    const info = received && { source: received.destination, device: version === '2.6' ? received.device : null };
    return {
      ...to,
      via: received ? ` (via [AF_INET]${formatIPv4(received.destination)}%${received.device.name})` : '',
      send: (message) => {
        const result = sendUdp(host, socket, payloadOf(message), to, info);
        if (result !== 'accept') log.say(`write UDPv4 []: ${errorText(result === 'drop' ? 'EPERM' : result)}`);
      },
      close: () => undefined,
    };
  };
  const socket = requireUdp(host, service.name, {
    address: boundTo(service),
    port: service.port,
    wantsInfo: service.binding.kind === 'multihome',
    receive: (datagram) => {
      const message = messageIn(datagram.packet.payload);
      if (!message) return;
      const path = pathOf(datagram);
      if (message.kind === 'data') {
        const instance = [...instances.all].find(({ peer }) => peer === message.peer);
        if (!instance) return;
        const { address, port } = instance.path;
        if (address !== path.address || port !== path.port) {
          log.say(`Float requested for peer ${message.peer} to ${formatIPv4(path.address)}:${path.port}`);
        }
        instances.data(instance, path, message);
        return;
      }
      const instance = instances.at(path.address, path.port);
      if (instance) {
        instances.control(instance, path, message, () => newSessionId(host.random));
        return;
      }
      const { session: client, remoteSession } = message;
      const own = cookieFor(secret, path.address, path.port, client);
      if (message.content?.body.kind === 'client-reset') {
        // Nothing is kept, and nothing logged: whoever answers this can be reached.
        const content = { number: 0, body: { kind: 'server-reset' } } as const;
        path.send({ kind: 'control', session: own, remoteSession: client, acknowledged: [0], content });
      } else if (remoteSession === own) {
        log.say('Connection Attempt MULTI: multi_create_instance called');
        instances.create(path, own, client, true).session.receive(message);
      }
    },
  });
  const local = service.binding.kind === 'address' ? service.binding.address : '[undef]';
  log.say(`UDPv4 link local (bound): [AF_INET]${local}:${service.port}`);
  return () => {
    closeUdp(host, socket);
  };
}

function newSecret(host: Host): SipHashKey {
  const word = () => ({ high: host.random.below(2 ** 32), low: host.random.below(2 ** 32) });
  return { k0: word(), k1: word() };
}

function serveByTcp(host: Host, service: OpenVpnServer, instances: Instances, log: Log): () => void {
  const connections = new Set<TcpConnection>();
  const accept = (connection: TcpConnection): TcpEvents => {
    const { remoteAddress: address, remotePort: port } = connection;
    const path: Path = {
      address,
      port,
      via: '',
      send: (message) => {
        const { length, content } = payloadOf(message);
        write(host, connection, { length: length + framing, content });
      },
      close: () => {
        end(host, connection);
      },
    };
    let instance: Instance | null = null;
    connections.add(connection);
    log.say(`TCP connection established with ${endpoint(address, port)}`);
    const lost = (code: number): void => {
      connections.delete(connection);
      end(host, connection);
      log.say(`${formatIPv4(address)}:${port} Connection reset, restarting [${code}]`);
      if (instance && instances.all.has(instance)) instances.remove(instance, 'soft,connection-reset');
    };
    return {
      received: (payload) => {
        const message = messageIn(payload);
        if (message?.kind === 'data') {
          if (instance) instances.data(instance, path, message);
        } else if (message && instance) {
          instances.control(instance, path, message, () => newSessionId(host.random));
        } else if (message?.content?.body.kind === 'client-reset') {
          const { session } = message;
          log.say(`${formatIPv4(address)}:${port} TLS: Initial packet from ${endpoint(address, port)}, sid=${session}`);
          instance = instances.create(path, newSessionId(host.random), session, false);
          instance.session.receive(message);
        }
      },
      ended: () => {
        lost(0);
      },
      failed: () => {
        lost(-1);
      },
    };
  };
  const listener = requireListener(host, service.name, { address: boundTo(service), port: service.port, accept });
  log.say(`Listening for incoming TCP connection on [AF_INET][undef]:${service.port}`);
  return () => {
    closeListener(host, listener);
    for (const connection of connections) end(host, connection);
  };
}
