import { tcpFlags, type TcpHeader } from '../packet.ts';
import type { TcpState } from './connection.ts';

/** What conntrack takes a TCP segment for; of several flags the first of this order counts. */
type Segment = 'rst' | 'syn-ack' | 'syn' | 'fin' | 'ack' | 'none';

/** What a segment does to a connection: the state that it leads to, or that it is `ignore`d, or `invalid`. */
type Step = TcpState | 'ignore' | 'invalid';

function segmentOf({ flags }: TcpHeader): Segment {
  if (flags & tcpFlags.rst) return 'rst';
  if (flags & tcpFlags.syn) return flags & tcpFlags.ack ? 'syn-ack' : 'syn';
  if (flags & tcpFlags.fin) return 'fin';
  return flags & tcpFlags.ack ? 'ack' : 'none';
}

type Steps = Readonly<Record<TcpState, Step>>;

/** Steps in the order none, syn-sent, syn-received, established, fin-wait, close-wait, last-ack, time-wait, close, syn-sent-2. */
function steps(...each: readonly [Step, Step, Step, Step, Step, Step, Step, Step, Step, Step]): Steps {
  const [none, sent, received, established, finWait, closeWait, lastAck, timeWait, close, sentTwo] = each;
  return {
    none,
    'syn-sent': sent,
    'syn-received': received,
    established,
    'fin-wait': finWait,
    'close-wait': closeWait,
    'last-ack': lastAck,
    'time-wait': timeWait,
    close,
    'syn-sent-2': sentTwo,
  };
}

const x = 'invalid';
const i = 'ignore';
const allInvalid = steps(x, x, x, x, x, x, x, x, x, x);

/** The kernel's table of states (net/netfilter/nf_conntrack_proto_tcp.c, tcp_conntracks), for the direction that began. */
const forward: Readonly<Record<Segment, Steps>> = {
  syn: steps('syn-sent', 'syn-sent', i, i, i, i, i, 'syn-sent', 'syn-sent', 'syn-sent-2'),
  'syn-ack': steps(x, x, 'syn-received', x, x, x, x, x, x, 'syn-received'),
  fin: steps(x, x, 'fin-wait', 'fin-wait', 'last-ack', 'last-ack', 'last-ack', 'time-wait', 'close', x),
  ack: steps(
    'established',
    x,
    'established',
    'established',
    'close-wait',
    'close-wait',
    'time-wait',
    'time-wait',
    'close',
    x,
  ),
  rst: steps(x, 'close', 'close', 'close', 'close', 'close', 'close', 'close', 'close', 'close'),
  none: allInvalid,
};

/** And for the other one. */
const backward: Readonly<Record<Segment, Steps>> = {
  syn: steps(x, 'syn-sent-2', x, x, x, x, x, 'syn-sent', x, 'syn-sent-2'),
  'syn-ack': steps(x, 'syn-received', i, i, i, i, i, i, i, 'syn-received'),
  fin: steps(x, x, 'fin-wait', 'fin-wait', 'last-ack', 'last-ack', 'last-ack', 'time-wait', 'close', x),
  ack: steps(x, i, 'syn-received', 'established', 'close-wait', 'close-wait', 'time-wait', 'time-wait', 'close', i),
  rst: steps(x, 'close', 'close', 'close', 'close', 'close', 'close', 'close', 'close', 'close'),
  none: allInvalid,
};

/** The state that a segment brings a connection to; null if it belongs to none. */
export function nextTcpState(state: TcpState, header: TcpHeader, reply: boolean): TcpState | null {
  const step = (reply ? backward : forward)[segmentOf(header)][state];
  if (step === 'invalid') return null;
  return step === 'ignore' ? state : step;
}

/** The sysctl below net.netfilter that says how long a connection in this state is remembered. */
export function tcpTimeoutName(state: TcpState): string {
  const names: Readonly<Record<TcpState, string>> = {
    none: 'syn_sent',
    'syn-sent': 'syn_sent',
    'syn-sent-2': 'syn_sent',
    'syn-received': 'syn_recv',
    established: 'established',
    'fin-wait': 'fin_wait',
    'close-wait': 'close_wait',
    'last-ack': 'last_ack',
    'time-wait': 'time_wait',
    close: 'close',
  };
  return `netfilter.nf_conntrack_tcp_timeout_${names[state]}`;
}
