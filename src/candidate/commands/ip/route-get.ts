import { took, type Cursor } from '../cursor.ts';
import { refuse } from '../refusal.ts';
import type { Output, RouteCommand } from '../ip.ts';
import { meant, namesOf, readWords, takes, unmodelled } from '../keyword.ts';
import type { Mutable } from '../mutable.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';
import { prefixIn } from './address-text.ts';
import { ipProtocolIn, tosIn } from './names.ts';

type RouteGet = Extract<RouteCommand, { action: 'get' }>;
type Draft = Mutable<Omit<RouteGet, 'destination'>> & { destination?: number };

// In iproute2's order (ip/iproute.c).
const among = [
  ...takes<Draft>('tos dsfield*', (get, word) => (get.tos = tosIn(word))),
  ...takes<Draft>('from*', (get, word) => (get.source = prefixIn(word).address)),
  ...takes<Draft>('iif*', (get, word) => (get.inputDevice = word.text)),
  ...takes<Draft>('mark*', (get, word) => (get.mark = wholeNumber(word, 'a mark'))),
  ...takes<Draft>('oif* dev', (get, word) => (get.outputDevice = word.text)),
  ...unmodelled('notify* connected* vrf*'),
  ...takes<Draft>('uid*', (get, word) => (get.uid = wholeNumber(word, 'a user id'))),
  ...unmodelled('fibmatch* as'),
  ...takes<Draft>('sport*', (get, word) => (get.sourcePort = wholeNumber(word, 'a port', 0, 0xffff))),
  ...takes<Draft>('dport*', (get, word) => (get.destinationPort = wholeNumber(word, 'a port', 0, 0xffff))),
  ...takes<Draft>('ipproto*', (get, word) => (get.protocol = ipProtocolIn(word))),
];

/**
 * `ip route get`, once that is taken.
 *
 * @throws LabError 'invalid'
 */
export function readRouteGet(words: Cursor, verb: Word, output: Output): RouteCommand {
  const draft: Draft = {
    ...{ object: 'route', action: 'get', source: 0, mark: 0, inputDevice: null, outputDevice: null },
    ...{ protocol: 0, sourcePort: 0, destinationPort: 0, tos: 0, uid: null, output },
  };
  readWords(words, draft, among, (get, left, word) => {
    took(left, 'to');
    const address = left.take(word);
    get.destination = prefixIn(address, meant(address, namesOf(among))).address;
  });
  const { destination } = draft;
  return destination === undefined
    ? refuse(verb.at, 'ip route get needs a destination address')
    : { ...draft, destination };
}
