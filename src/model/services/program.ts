import type { Answer, Request, Service } from '../../backend/service.ts';
import type { Host } from '../host.ts';
import { resolveName, serveDns } from './dns.ts';
import { connectOpenVpn } from './openvpn.ts';
import { serveOpenVpn, type OpenVpnVersion } from './openvpn/server.ts';
import { ping } from './ping.ts';
import type { Running } from './running.ts';
import { readBanner, serveSsh } from './ssh.ts';
import { readStream, serveStream } from './stream.ts';
import { requestTcpEcho, serveTcpEcho } from './tcp-echo.ts';
import type { Tunnels } from './tunnel.ts';
import { requestEchoes, serveUdpEcho } from './udp-echo.ts';

/**
 * Starts a service; it answers at once.
 *
 * @throws LabError `lab-failed` where the real one would not start: its address isn't the host's, or its port is taken
 */
export function serve(
  host: Host,
  service: Service,
  tunnels: Tunnels,
  { openvpn = '2.6' }: { readonly openvpn?: OpenVpnVersion } = {},
): Running {
  switch (service.kind) {
    case 'openvpn':
      return serveOpenVpn(host, service, tunnels, openvpn);
    case 'dns':
      return serveDns(host, service);
    case 'ssh':
      return serveSsh(host, service);
    case 'udp-echo':
      return serveUdpEcho(host, service);
    case 'tcp-echo':
      return serveTcpEcho(host, service);
    case 'stream':
      return serveStream(host, service);
  }
}

/** Has a client call; `done` is called once, at a later (virtual) time, when it was answered or has given up. */
export function request(host: Host, asked: Request, tunnels: Tunnels, done: (answer: Answer) => void): void {
  host.clock.after(0, () => {
    switch (asked.kind) {
      case 'openvpn':
        connectOpenVpn(host, asked, tunnels, done);
        return;
      case 'dns':
        resolveName(host, asked, done);
        return;
      case 'ssh':
        readBanner(host, asked, done);
        return;
      case 'udp-echo':
        requestEchoes(host, asked, done);
        return;
      case 'tcp-echo':
        requestTcpEcho(host, asked, done);
        return;
      case 'ping':
        ping(host, asked, done);
        return;
      case 'stream':
        readStream(host, asked, done);
        return;
    }
  });
}
