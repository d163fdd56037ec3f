/**
 * Why a service does not work at an uplink. A closed list: a candidate is expected to work, or to fail for one of these.
 *
 * The cause names the first thing that went wrong on the packet's way, not the last place that noticed: a reply that
 * carries another uplink's address is `reply-source`, whether the client then rejects it or a NAT has no mapping for it.
 */
export const causes = {
  'request-lost': 'the request never reached the server',
  'request-astray':
    'the request reached the server, which sent some of it back out by an uplink instead of to the host behind it',
  'no-route': 'the server had no route by which to send what came for the internet',
  'dead-nexthop':
    'the server sent it to a next hop that passes nothing on: the line has no carrier, or the gateway is dead',
  'stale-nat':
    "it left by another line than its tracked connection began on, still with that line's address, for the ISP to drop",
  'no-reply': 'the request reached the server, and nothing came back out of it',
  'reply-source': 'the reply left from another address or port than the one the client had called',
  'reply-interface': 'the reply came back to the client, but had left by another uplink than the request came in by',
  'reverse-path':
    "a packet came in by an interface that the machine itself would not send to the packet's source by, and its reverse-path filter (rp_filter) dropped it",
  'martian-source':
    "a packet that the server sent to itself came back in with one of the server's own addresses as its source, and Linux dropped it",
  'source-filtered':
    "the reply left by another uplink's line, whose ISP drops packets with a source that is not its customer's (BCP 38)",
  'no-mapping': 'the reply was right, and the NAT in front of the client had no mapping for it',
  'reply-lost': 'the reply was right when it left the server, and was lost on the way',
  'client-rejected': 'the right reply reached the client by the right line, and the client did not accept it',
} as const;

export type Cause = keyof typeof causes;
