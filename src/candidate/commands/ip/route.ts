import type { Prefix } from '../../../net/address.ts';
import { took, type Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import type { NexthopSpecification, RouteCommand, RouteSpecification, RouteType } from '../ip.ts';
import { keywords, meant, namesOf, readWords, says, takes, unmodelled } from '../keyword.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { addressIn, prefixIn } from './address-text.ts';
import { protocolIn, scopeIn, tableIn, tosIn, typeIn, type TableNames } from './names.ts';
import { gatewayAfter, newNexthop, nexthopsIn, type NexthopDraft } from './nexthop-words.ts';
import { routeMetrics } from './route-metrics.ts';

/* Numbers of the kernel's own tables, of a protocol, and of scopes (linux/rtnetlink.h). */
const localTable = 255;
const mainTable = 254;
const boot = 3;
const scopeGlobal = 0;
const scopeLink = 253;
const scopeHost = 254;
const nowhere = 255;

type Change = Extract<RouteCommand, { route: RouteSpecification }>;

interface Draft {
  readonly named: TableNames;
  destination?: Prefix;
  type?: RouteType;
  tos?: number;
  table?: number;
  metric?: number;
  protocol?: number;
  scope?: number;
  source?: number;
  nexthopId?: number;
  /** The one nexthop of a route that isn't written with `nexthop`, and its last word. */
  readonly single: NexthopDraft;
  singleAt?: Word;
  multipath?: readonly NexthopSpecification[];
}

// In iproute2's order (ip/iproute.c), on which abbreviations depend: `p` is priority, `pro` is protocol, and `pref` neither.
const among = [
  ...takes<Draft>('src', (route, word) => (route.source = addressIn(word))),
  ...unmodelled('as'),
  ...keywords<Draft>('via', (route, words, via) => {
    if (route.single.gateway !== null) refuse(via.at, 'a route has one gateway', 'write nexthop via … nexthop via …');
    route.single.gateway = gatewayAfter(words, via);
    route.singleAt = via;
  }),
  ...unmodelled('from', 'the kernel takes it for IPv6 alone; ip rule add from … chooses by source'),
  ...takes<Draft>('tos dsfield*', (route, word) => (route.tos = tosIn(word))),
  ...unmodelled('expires', 'the kernel takes it for IPv6 alone'),
  ...takes<Draft>('metric* priority* preference', (route, word) => (route.metric = wholeNumber(word, 'a metric'))),
  ...takes<Draft>('scope', (route, word) => (route.scope = scopeIn(word))),
  ...routeMetrics,
  ...unmodelled('features* congctl* realms*'),
  ...says<Draft>('onlink', (route, word) => {
    route.single.onlink = true;
    route.singleAt = word;
  }),
  ...keywords<Draft>('nexthop', (route, words, keyword) => (route.multipath = nexthopsIn(words, keyword))),
  ...takes<Draft>('nhid', (route, word) => (route.nexthopId = wholeNumber(word, 'the number of a nexthop', 1))),
  ...takes<Draft>('protocol*', (route, word) => (route.protocol = protocolIn(word))),
  ...takes<Draft>('table*', (route, word) => (route.table = tableIn(word, route.named))),
  ...unmodelled('vrf*'),
  ...takes<Draft>('dev oif', (route, word, keyword) => {
    route.single.device = word.text;
    route.singleAt = keyword;
  }),
  ...unmodelled('pref*', 'to ip route it is the preference of IPv6 routers; a route has a metric, or preference'),
  ...unmodelled('encap ttl-propagate'),
];

/**
 * `ip route add`, `replace`, `delete` and so on, once these are taken.
 *
 * @param verb the word that said so, for errors that have no word of their own
 * @throws LabError 'invalid'
 */
export function readRouteChange(action: Change['action'], words: Cursor, verb: Word, named: TableNames): Change {
  const draft: Draft = { named, single: newNexthop() };
  readWords(words, draft, among, readDestination);
  if (!draft.destination) refuse(verb.at, 'the route needs a destination: default, or a prefix such as 203.0.113.0/24');
  if (draft.multipath && draft.singleAt) {
    notModelled(draft.singleAt.at, `${draft.singleAt.text} beside nexthop`, 'say it after nexthop, for each of them');
  }
  const type = draft.type ?? (action === 'delete' ? null : 'unicast');
  return {
    object: 'route',
    action,
    route: {
      type,
      destination: draft.destination,
      tos: draft.tos ?? 0,
      table: draft.table ?? (type === 'local' || type === 'broadcast' ? localTable : mainTable),
      metric: draft.metric ?? null,
      // The kernel takes unspec for any when it deletes.
      protocol:
        action === 'delete' ? (draft.protocol === 0 ? null : (draft.protocol ?? null)) : (draft.protocol ?? boot),
      scope: scopeOf(draft, type, action),
      source: draft.source ?? null,
      nexthops: draft.multipath ?? (draft.singleAt ? [draft.single] : []),
      nexthopId: draft.nexthopId ?? null,
    },
  };
}

/** `[to] [TYPE] PREFIX`: whatever is no keyword is the destination. */
function readDestination(route: Draft, words: Cursor, word: Word): void {
  took(words, 'to');
  const named = words.next();
  const type = named && !/^[0-9]/.test(named.text) ? typeIn(named) : null;
  const destination = type ? words.take(words.take(word)) : words.take(word);
  if (type) route.type = type;
  const prefix = prefixIn(destination, meant(destination, namesOf(among)));
  if (route.destination) refuse(destination.at, `the route has a destination already, before ${destination.text}`);
  route.destination = prefix;
}

/** The scope that follows from the type and from whether there is a gateway, where none is given. */
function scopeOf(draft: Draft, type: RouteType | null, action: Change['action']): number | null {
  if (draft.scope !== undefined) return action === 'delete' && draft.scope === nowhere ? null : draft.scope;
  const hasGateway = draft.single.gateway !== null || draft.multipath !== undefined || draft.nexthopId !== undefined;
  switch (type) {
    case null:
      return null;
    case 'unicast':
      if (action === 'delete') return null;
      return hasGateway ? scopeGlobal : scopeLink;
    case 'local':
      return scopeHost;
    case 'broadcast':
    case 'multicast':
      return scopeLink;
    case 'unreachable':
    case 'blackhole':
    case 'prohibit':
    case 'throw':
      return action === 'delete' ? null : scopeGlobal;
  }
}
