import type { Dial, OpenVpnServer, Request } from '../backend/service.ts';
import { formatIPv4, networkOf, parsePrefix } from '../net/address.ts';

/** A key and its self-signed certificate, in PEM; peers know each other by the certificate's fingerprint. */
export interface Identity {
  readonly pem: string;
  readonly fingerprint: string;
}

/** What both sides have in common. Real timers are shortened only by options that OpenVPN itself offers. */
function commonConfig(tunnel: string, own: Identity, peer: Identity): string[] {
  return [
    `dev ${tunnel}`,
    'dev-type tun',
    'disable-dco',
    'topology subnet',
    'script-security 1',
    'data-ciphers AES-256-GCM',
    'tls-timeout 1',
    `<cert>\n${own.pem}</cert>`,
    `<key>\n${own.pem}</key>`,
    `<peer-fingerprint>\n${peer.fingerprint}\n</peer-fingerprint>`,
  ];
}

/** @param clients the folder (`client-config-dir`) that says which address a client gets; `null`: the next that is free */
export function serverConfig(service: OpenVpnServer, own: Identity, peer: Identity, clients: string | null): string[] {
  return [
    ...commonConfig(service.tunnel, own, peer),
    `server ${formatIPv4(networkOf(parsePrefix(service.network)).address)} ${maskOf(service.network)}`,
    `proto ${service.protocol}4`,
    `port ${service.port}`,
    ...(service.binding.kind === 'multihome' ? ['multihome'] : []),
    ...(service.keepalive ? [`keepalive ${service.keepalive.interval} ${service.keepalive.timeout}`] : []),
    ...(service.binding.kind === 'address' ? [`local ${service.binding.address}`] : []),
    'dh none',
    'tls-server',
    // All clients have one certificate. Where they have one address, too, a new one takes the old one's place.
    clients === null ? 'duplicate-cn' : `client-config-dir ${clients}`,
    'verb 4',
  ];
}

/** What such a folder says of every client. */
export function clientEntry(address: string, network: string): string {
  return `ifconfig-push ${address} ${maskOf(network)}\n`;
}

function maskOf(network: string): string {
  return formatIPv4((0xffffffff << (32 - parsePrefix(network).length)) >>> 0);
}

export function clientConfig(request: Extract<Request, { kind: 'openvpn' }>, own: Identity, peer: Identity): string[] {
  return [
    ...commonConfig(request.tunnel, own, peer),
    'tls-client',
    'pull',
    'route-nopull',
    `remote ${request.server} ${request.port} ${request.protocol === 'tcp' ? 'tcp4-client' : 'udp4'}`,
    `lport ${request.sourcePort}`,
    ...(request.float ? ['float'] : []),
    // Default: 120 s to the first answer, 60 s for the handshake, and tries without end.
    'connect-timeout 3',
    'hand-window 3',
    'connect-retry-max 1',
    'verb 3',
  ];
}

export function dialConfig(dial: Dial, own: Identity, peer: Identity): string[] {
  return [
    ...commonConfig(dial.tunnel, own, peer),
    ...(dial.up === undefined ? [] : ['script-security 2', `up ${quoted(`/bin/sh -eu ${quoted(dial.up)}`)}`]),
    'tls-client',
    'pull',
    'route-nopull',
    `remote ${dial.server} ${dial.port} ${dial.protocol === 'tcp' ? 'tcp4-client' : 'udp4'}`,
    'nobind',
    `hand-window ${dial.handshake ?? 3}`,
    `connect-timeout ${2 * (dial.handshake ?? 3)}`,
    'connect-retry 1 1',
    'verb 3',
  ];
}

/** A word meaning itself, of a line of the configuration or of a command in one, which OpenVPN takes apart by the same rules. */
function quoted(word: string): string {
  return `"${word.replaceAll(/[\\"]/g, '\\$&')}"`;
}
