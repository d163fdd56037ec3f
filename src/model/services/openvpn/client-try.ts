import type { Bytes } from '../../../backend/service.ts';
import { formatIPv4 } from '../../../net/address.ts';
import { LabError } from '../../../net/error.ts';
import { maskOf, type Device } from '../../device.ts';
import type { Host } from '../../host.ts';
import { openTunnel, type Tunnel, type Tunnels } from '../tunnel.ts';
import { openTcpLink, openUdpLink, type ClientLink, type Endpoint, type LinkOptions } from './client-link.ts';
import { createControlChannel, type ControlChannel } from './control-channel.ts';
import { createWatch, type Watch } from './keepalive.ts';
import { endpoint, type Log } from './log.ts';
import { pushText, type Pushed } from './push.ts';
import { newSessionId } from './session-id.ts';
import type { Body, DataMessage, Message } from './wire.ts';

export interface TryOptions {
  readonly protocol: 'udp' | 'tcp';
  readonly server: number;
  readonly port: number;
  /** 0: another one in each try (`--nobind`). */
  readonly sourcePort: number;
  readonly float: boolean;
  /** The name of the tunnel device. */
  readonly tunnel: string;
  /** Seconds: `--hand-window` and `--connect-timeout`. */
  readonly handWindow: number;
  readonly connectTimeout: number;
  /** `--up`: called when the device has its address, before the client says that it is connected; null: nothing is run. */
  readonly up: ((environment: Readonly<Record<string, string>>) => void) | null;
}

/** What a try tells of itself. */
export interface TryEvents {
  /** Each second, what its socket has carried. */
  readonly counted: (bytes: Bytes) => void;
  /** The tunnel is up. */
  readonly connected: () => void;
  /** It is over, and has cleaned up behind itself. */
  readonly failed: (signal: string) => void;
  /** It is over, and another try would end no better: its port or its device is taken. */
  readonly fatal: () => void;
}

/** One try of a client's: from the first packet until something goes wrong. */
export interface Try {
  readonly device: Device | null;
  close(): void;
}

/** Seconds: how long a client over UDP bears silence if the server says nothing of it, and how often it asks for options. */
const defaultPingRestart = 120;
const [firstPushRequest, pushRequestInterval] = [1, 5];

export function startTry(host: Host, tunnels: Tunnels, options: TryOptions, log: Log, events: TryEvents): Try {
  const { clock } = host;
  const { protocol, handWindow, connectTimeout } = options;
  const timers = new Set<() => void>();
  let over = false;
  let heardOf = false;
  let peer: Endpoint = { address: options.server, port: options.port };
  let channel: ControlChannel | null = null;
  let keys: string | null = null;
  let tunnel: Tunnel | null = null;
  let pushed: Pushed | null = null;
  let watch: Watch | null = null;

  const after = (seconds: number, action: () => void): (() => void) => {
    const cancel = clock.after(seconds, () => {
      timers.delete(cancel);
      action();
    });
    timers.add(cancel);
    return cancel;
  };
  const close = (): void => {
    over = true;
    for (const cancel of timers) cancel();
    channel?.close();
    watch?.stop();
    link?.close();
    if (tunnel && pushed) {
      log.say('Closing TUN/TAP interface');
      log.say(`net_addr_v4_del: ${formatIPv4(pushed.address)} dev ${tunnel.device.name}`);
      tunnel.close();
    }
    tunnel = null;
  };
  const fail = (signal: string): void => {
    if (over) return;
    close();
    events.failed(signal);
  };
  /** Does what may find a port or device taken. */
  const attempt = <Result>(action: () => Result): Result | null => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      log.say(error.message);
      close();
      events.fatal();
      return null;
    }
  };
  const send = (message: Message): void => {
    watch?.sent();
    link?.send(message);
  };
  const count = (): void => {
    after(1, () => {
      if (link) events.counted({ ...link.bytes });
      count();
    });
  };

  /** The link is there; the negotiation begins. */
  const negotiate = (): void => {
    count();
    watch = newWatch(null, protocol === 'udp' ? defaultPingRestart : null);
    after(connectTimeout, () => {
      if (heardOf) return;
      log.say('Server poll timeout, restarting');
      fail('soft,server_poll');
    });
    after(handWindow, () => {
      if (keys !== null) return;
      const advice = 'check your network connectivity';
      log.say(`TLS Error: TLS key negotiation failed to occur within ${handWindow} seconds (${advice})`);
      log.say('TLS Error: TLS handshake failed');
      fail('soft,tls-error');
    });
    channel = createControlChannel({
      clock,
      session: newSessionId(host.random),
      remoteSession: null,
      next: 0,
      lossy: protocol === 'udp',
      transmit: send,
      received: hear,
      allAcknowledged: () => undefined,
    });
    channel.send({ kind: 'client-reset' });
  };
  const newWatch = (interval: number | null, timeout: number | null): Watch =>
    createWatch(clock, {
      interval,
      ping: () => {
        sendData(null);
      },
      timeout,
      silent: () => {
        log.say('[server] Inactivity timeout (--ping-restart), restarting');
        fail('soft,ping-restart');
      },
    });
  const sendData = (packet: DataMessage['packet']): void => {
    if (keys !== null && pushed) send({ kind: 'data', peer: pushed.peer, keys, packet });
  };
  const hear = (body: Body): void => {
    switch (body.kind) {
      case 'server-reset':
        heardOf = true;
        log.say(`TLS: Initial packet from ${endpoint(peer.address, peer.port)}, sid=${channel?.remoteSession ?? ''}`);
        channel?.send({ kind: 'client-hello' });
        return;
      case 'server-hello':
        log.say('VERIFY OK: depth=0, CN=server');
        channel?.send({ kind: 'client-keys' });
        return;
      case 'server-keys':
        keys = `${channel?.session ?? ''}, ${channel?.remoteSession ?? ''}`;
        log.say(`[server] Peer Connection Initiated with ${endpoint(peer.address, peer.port)}`);
        askForOptions();
        return;
      case 'push-reply':
        if (!pushed) connect(body.pushed);
        return;
      case 'server-ticket':
      case 'client-reset':
      case 'client-hello':
      case 'client-keys':
      case 'push-request':
    }
  };
  /** The server sends them by itself, but to one who comes back from the same port before it has missed him. */
  const askForOptions = (): void => {
    const ask = (): void => {
      if (pushed) return;
      channel?.send({ kind: 'push-request' });
      after(pushRequestInterval, ask);
    };
    after(firstPushRequest, ask);
    after(handWindow, () => {
      if (pushed) return;
      log.say(`No reply from server to push requests in ${handWindow}s`);
      fail('soft,no-push-reply');
    });
  };
  const connect = (reply: Pushed): void => {
    pushed = reply;
    const { address, length, keepalive } = reply;
    log.say(`PUSH: Received control message: '${pushText(reply)}'`);
    tunnel = attempt(() => openTunnel(host, tunnels, options.tunnel, { address, length }, sendData));
    if (!tunnel) return;
    log.say(`TUN/TAP device ${options.tunnel} opened`);
    log.say(`net_addr_v4_add: ${formatIPv4(address)}/${length} dev ${options.tunnel}`);
    options.up?.({
      dev: options.tunnel,
      ifconfig_local: formatIPv4(address),
      ifconfig_netmask: formatIPv4(maskOf(length)),
      route_vpn_gateway: formatIPv4(reply.gateway),
    });
    log.say('Initialization Sequence Completed');
    watch?.stop();
    const silence = keepalive?.timeout ?? (protocol === 'udp' ? defaultPingRestart : null);
    watch = newWatch(keepalive?.interval ?? null, silence);
    const watched = [keepalive ? `ping ${keepalive.interval}` : '', silence === null ? '' : `ping-restart ${silence}`];
    if (silence !== null) log.say(`Timers: ${watched.filter(Boolean).join(', ')}`);
    events.connected();
  };

  const linkOptions: LinkOptions = {
    ...options,
    log,
    received: (message, from) => {
      if (over) return;
      if (message.kind === 'control') {
        if (!heardOf) peer = from;
        watch?.heard();
        channel?.receive(message);
        return;
      }
      if (message.keys !== keys) return;
      watch?.heard();
      if (message.packet) tunnel?.inject(message.packet);
    },
    failed: fail,
  };
  let link: ClientLink | null = null;
  // Its caller is to know of it first.
  after(0, () => {
    if (protocol === 'tcp') link = openTcpLink(host, linkOptions, connectTimeout, negotiate);
    else {
      link = attempt(() => openUdpLink(host, linkOptions));
      if (link) negotiate();
    }
  });
  return {
    get device() {
      return tunnel?.device ?? null;
    },
    close,
  };
}
