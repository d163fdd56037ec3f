import type { Prefix } from '../../../net/address.ts';
import { took, type Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import type { Output, RouteCommand, RouteSelector } from '../ip.ts';
import { keywords, matches, meant, namesOf, readWords, says, takes, unmodelled } from '../keyword.ts';
import type { Mutable } from '../mutable.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { prefixIn } from './address-text.ts';
import { protocolIn, scopeIn, tableIn, tosIn, typeIn, type TableNames } from './names.ts';

interface Draft {
  readonly named: TableNames;
  cache: Word | null;
  readonly routes: Mutable<RouteSelector>;
}

// In iproute2's order (ip/iproute.c).
const among = [
  ...takes<Draft>('table*', (draft, word) => {
    if (word.text === 'all') draft.routes.table = 'all';
    else if (word.text === 'cache') draft.cache = word;
    else draft.routes.table = tableIn(word, draft.named);
  }),
  ...unmodelled('vrf*'),
  ...says<Draft>('cached* cloned*', (draft, word) => (draft.cache = word)),
  ...takes<Draft>('tos dsfield*', ({ routes }, word) => (routes.tos = tosIn(word))),
  ...takes<Draft>('protocol*', ({ routes }, word) => (routes.protocol = word.text === 'all' ? null : protocolIn(word))),
  ...takes<Draft>('scope*', ({ routes }, word) => (routes.scope = word.text === 'all' ? null : scopeIn(word))),
  ...takes<Draft>('type*', ({ routes }, word) => {
    routes.type = typeIn(word) ?? refuse(word.at, `expected a route type, got ${JSON.stringify(word.text)}`);
  }),
  ...takes<Draft>('dev oif', ({ routes }, word) => (routes.device = word.text)),
  ...unmodelled('iif mark', 'no route has one since the route cache went'),
  ...takes<Draft>(
    'metric* priority* preference',
    ({ routes }, word) => (routes.metric = wholeNumber(word, 'a metric')),
  ),
  ...keywords<Draft>('via', ({ routes }, words, via) => {
    took(words, 'inet');
    routes.gateway = wholeAddress(words.take(via));
  }),
  ...takes<Draft>('src', ({ routes }, word) => (routes.source = wholeAddress(word))),
  ...unmodelled('realms* from*'),
];

/**
 * `ip route show` and `flush`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readRouteSelector(
  action: 'show' | 'flush',
  words: Cursor,
  verb: Word,
  output: Output,
  named: TableNames,
): RouteCommand {
  if (action === 'flush' && !words.next()) {
    refuse(verb.at, 'ip route flush needs to be told which routes', 'for example: ip route flush table 100');
  }
  const routes: Mutable<RouteSelector> = {
    ...{ table: 254, prefix: null, device: null, gateway: null, protocol: null, scope: null, type: null },
    ...{ source: null, tos: null, metric: null },
  };
  const draft: Draft = { named, cache: null, routes };
  readWords(words, draft, among, readPrefix);
  const { cache } = draft;
  if (!cache) return { object: 'route', action, selector: routes, output };
  if (action === 'flush') return { object: 'route', action: 'flush-cache' };
  return notModelled(cache.at, 'the route cache', 'Linux has had none since 3.6, and shows nothing');
}

function readPrefix({ routes }: Draft, words: Cursor, word: Word): void {
  const next = words.next();
  const to = next && matches(next.text, 'to') ? words.take(next) : word;
  const kinds = ['root', 'match', 'exact'] as const;
  const said = words.next();
  const kind = said && kinds.find((name) => matches(said.text, name));
  if (said && kind) words.take(said);
  const prefix = words.take(said && kind ? said : to);
  routes.prefix = { kind: kind ?? 'exact', prefix: prefixIn(prefix, meant(prefix, [...kinds, ...namesOf(among)])) };
}

/** The kernel could be asked for all gateways of a network; nobody does. */
function wholeAddress(word: Word): number {
  const prefix: Prefix = prefixIn(word);
  return prefix.length === 32 ? prefix.address : notModelled(word.at, `a choice by ${word.text}`, 'give an address');
}
