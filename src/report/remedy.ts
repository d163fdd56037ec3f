import type { Cause } from '../backend/cause.ts';

/**
 * What to do about each cause, in the words of the lessons, which also say why (`explain NAME`). The names are of candidates that
 * show how.
 */
const remedies: Readonly<Record<Cause, string>> = {
  'request-lost':
    "see what stands in front (a full NAT takes no new flow); what the machine itself sends by a line needs that line's SNAT",
  'request-astray': 'restore connection marks on what comes from the home network only, not by a line: home-connmark',
  'no-route':
    'make the default route anew of the lines that are there as one comes or goes: ppp-scripts-locked, gateway-monitor',
  'dead-nexthop':
    'ignore_routes_with_linkdown=1 notices a cut cable (balance-8-2-linkdown), only asking a dead gateway (gateway-monitor)',
  'stale-nat': "have conntrack forget a dead line's flows (conntrack -D): ppp-scripts-flush",
  'no-reply':
    'see whether the answer has a route, a firewall drops it, or DNAT is missing; bind an unbound UDP server to its addresses',
  'reply-source':
    'mend the server, not routing: OpenVPN with --multihome or --local; else a socket for each address, or IP_PKTINFO',
  'reply-interface': "a table for each line, and a rule for that line's address (ip rule from ADDRESS): source-rules",
  'reverse-path':
    'rp_filter=2 (home-loose); or src_valid_mark=1, with marks restored in PREROUTING: home-strict-valid-mark',
  'martian-source': 'accept_local=1 on the interface that it comes back in by: veth-dnat',
  'source-filtered':
    "a rule for each line's address (source-rules); for forwarded ports, and past pins, connection marks (home-connmark)",
  'no-mapping':
    'OpenVPN over TCP, or a route to its server alone by a line that tracks UDP: carrier-tcp, carrier-host-route',
  'reply-lost':
    'if it was running on a line that is gone, nothing: the far end knows it by the old address; else see captures/',
  'client-rejected': 'the network did its part: see what the client says, in logs/',
};

/** What to do about a cause, in one line for people. */
export const remedy = (cause: Cause): string => remedies[cause];
