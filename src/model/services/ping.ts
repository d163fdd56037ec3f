import type { Answer, Request } from '../../backend/service.ts';
import { formatIPv4, parseIPv4 } from '../../net/address.ts';
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import { freeIdentifier, openEchoSocket } from './echo-request.ts';

/** Seconds that one request waits for its answer. */
const patience = 2;
/** Seconds between the tries of a ping that goes on until it is answered, and until it gives up. */
const [interval, deadline] = [0.05, 5];

/** One echo request; ping takes its answer from whatever address, and says from which. */
export function ping(
  host: Host,
  { server, sourcePort }: Extract<Request, { kind: 'ping' }>,
  done: (answer: Answer) => void,
): void {
  const socket = openEchoSocket(host, sourcePort, null, ({ source, ttl }) => {
    finish(true, `64 bytes from ${formatIPv4(source)}: icmp_seq=1 ttl=${ttl}`);
  });
  const cancel = host.clock.after(patience, () => {
    finish(false, '1 packets transmitted, 0 received');
  });
  const finish = (accepted: boolean, line: string): void => {
    cancel();
    socket.close();
    done({ accepted, said: [line], bytes: null });
  };
  const sent = socket.send(parseIPv4(server), 1);
  if (sent !== 'accept' && sent !== 'drop') finish(false, `ping: ${sent}`);
}

/** Pings until the answer comes, or five seconds have passed. */
function pingUntilAnswered(host: Host, destination: number, done: (answered: boolean) => void): void {
  let cancel: () => void;
  const socket = openEchoSocket(host, freeIdentifier(host), null, () => {
    finish(true);
  });
  const finish = (answered: boolean): void => {
    cancel();
    socket.close();
    done(answered);
  };
  const until = host.clock.now + deadline;
  let sequence = 0;
  const again = (): void => {
    if (host.clock.now >= until) {
      finish(false);
      return;
    }
    cancel = host.clock.after(interval, again);
    sequence += 1;
    socket.send(destination, sequence);
  };
  again();
}

/** Pings side by side, each until it is answered or has given up; then says which have, by their place in the list. */
export function unanswered(
  pings: readonly { readonly host: Host; readonly destination: string }[],
  done: (failed: readonly number[]) => void,
): void {
  const failed = new Set<number>();
  let open = pings.length;
  if (open === 0) done([]);
  for (const [index, { host, destination }] of pings.entries()) {
    pingUntilAnswered(host, parseIPv4(destination), (answered) => {
      if (!answered) failed.add(index);
      open -= 1;
      if (open === 0) done([...failed].sort((one, other) => one - other));
    });
  }
}

/** How a row of pings goes: seconds between them, and seconds of waiting after the last. */
interface Row {
  readonly count: number;
  readonly interval: number;
  readonly wait: number;
}

/** Sends a row of pings by one device, and says how many were answered. */
export function pingByDevice(
  host: Host,
  device: Device,
  destination: number,
  { count, interval, wait }: Row,
  done: (answered: number) => void,
): void {
  const answered = new Set<number>();
  const socket = openEchoSocket(host, freeIdentifier(host), device, ({ icmp }) => {
    if (icmp) answered.add(icmp.sequence);
    if (answered.size === count) finish();
  });
  const cancel = host.clock.after((count - 1) * interval + wait, () => {
    finish();
  });
  const finish = (): void => {
    cancel();
    socket.close();
    done(answered.size);
  };
  for (let sequence = 1; sequence <= count; sequence++) {
    host.clock.after((sequence - 1) * interval, () => {
      socket.send(destination, sequence);
    });
  }
}
