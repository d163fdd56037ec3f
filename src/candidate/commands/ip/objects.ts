import type { Cursor } from '../cursor.ts';
import { notModelled } from '../refusal.ts';
import type { IpCommand, Output } from '../ip.ts';
import { keywordFor, namesOf, unknown } from '../keyword.ts';
import type { Word } from '../word.ts';
import { readAddressChange, readAddressSelector } from './address.ts';
import { readLinkAdd, readLinkDelete, readLinkSet, readLinkShow } from './link.ts';
import { readMonitor } from './monitor.ts';
import type { TableNames } from './names.ts';
import { readNeighbourChange, readNeighbourSelector } from './neighbour.ts';
import { readNexthopChange, readNexthopSelector } from './nexthop.ts';
import { readRouteGet } from './route-get.ts';
import { readRouteSelector } from './route-selector.ts';
import { readRouteChange } from './route.ts';
import { readRuleSelector } from './rule-selector.ts';
import { readRuleChange } from './rule.ts';

/** Reads what follows an object or a verb, which is `word`. */
type Read = (words: Cursor, word: Word, output: Output, tables: TableNames) => IpCommand;

interface Named {
  readonly name: string;
  readonly short: boolean;
  readonly modelled: boolean;
  readonly read: Read;
}

/** `names` with an asterisk where the first letters do, as iproute2 has it. */
function verbs(names: string, read: Read, modelled = true): readonly Named[] {
  return names.split(' ').map((name) => ({ name: name.replace('*', ''), short: name.endsWith('*'), modelled, read }));
}

function notVerbs(names: string): readonly Named[] {
  return verbs(names, (_words, word) => notModelled(word.at, word.text), false);
}

/** An object of `ip` with its verbs; without one, `show` is meant. */
function object(names: string, among: readonly Named[], show: Read): readonly Named[] {
  const all = [...among, ...notVerbs('help*')];
  return verbs(names, (words, word, output, tables) => {
    const verb = words.next();
    if (!verb) return show(words, word, output, tables);
    const found = keywordFor(verb, all) ?? unknown(verb, `something that ip ${word.text} does`, namesOf(all));
    return found.read(words, words.take(verb), output, tables);
  });
}

const shows = 'list* show* lst*';

const showAddresses: Read = (words, verb, output) => readAddressSelector('show', words, verb, output);
const address = [
  ...verbs('add*', (words, verb) => readAddressChange('add', words, verb)),
  ...verbs('change* chg', (words, verb) => readAddressChange('change', words, verb)),
  ...verbs('replace*', (words, verb) => readAddressChange('replace', words, verb)),
  ...verbs('delete*', (words, verb) => readAddressChange('delete', words, verb)),
  ...verbs(shows, showAddresses),
  ...verbs('flush*', (words, verb, output) => readAddressSelector('flush', words, verb, output)),
  ...notVerbs('save* showdump* restore*'),
];

const showRoutes: Read = (words, verb, output, tables) => readRouteSelector('show', words, verb, output, tables);
const route = [
  ...verbs('add*', (words, verb, _output, tables) => readRouteChange('add', words, verb, tables)),
  ...verbs('change* chg', (words, verb, _output, tables) => readRouteChange('change', words, verb, tables)),
  ...verbs('replace*', (words, verb, _output, tables) => readRouteChange('replace', words, verb, tables)),
  ...verbs('prepend*', (words, verb, _output, tables) => readRouteChange('prepend', words, verb, tables)),
  ...verbs('append*', (words, verb, _output, tables) => readRouteChange('append', words, verb, tables)),
  ...notVerbs('test*'),
  ...verbs('delete*', (words, verb, _output, tables) => readRouteChange('delete', words, verb, tables)),
  ...verbs(shows, showRoutes),
  ...verbs('get*', (words, verb, output) => readRouteGet(words, verb, output)),
  ...verbs('flush*', (words, verb, output, tables) => readRouteSelector('flush', words, verb, output, tables)),
  ...notVerbs('save* restore* showdump*'),
];

const showRules: Read = (words, _verb, output, tables) => readRuleSelector('show', words, output, tables);
const rule = [
  ...verbs('list* lst* show*', showRules),
  ...notVerbs('save* restore*'),
  ...verbs('add*', (words, verb, _output, tables) => readRuleChange('add', words, verb, tables)),
  ...verbs('delete*', (words, verb, _output, tables) => readRuleChange('delete', words, verb, tables)),
  ...verbs('flush*', (words, _verb, output, tables) => readRuleSelector('flush', words, output, tables)),
];

const showNeighbours: Read = (words, verb, output) => readNeighbourSelector('show', words, verb, output);
const neighbour = [
  ...verbs('add*', (words, verb) => readNeighbourChange('add', words, verb)),
  ...verbs('change* chg', (words, verb) => readNeighbourChange('change', words, verb)),
  ...verbs('replace*', (words, verb) => readNeighbourChange('replace', words, verb)),
  ...verbs('delete*', (words, verb) => readNeighbourChange('delete', words, verb)),
  ...notVerbs('get*'),
  ...verbs('show* lst* list*', showNeighbours),
  ...verbs('flush*', (words, verb, output) => readNeighbourSelector('flush', words, verb, output)),
];

const showLinks: Read = (words, _verb, output) => readLinkShow(words, output);
const link = [
  ...verbs('add*', (words, verb) => readLinkAdd(words, verb)),
  ...verbs('set* change*', (words, verb) => readLinkSet(words, verb)),
  ...notVerbs('replace*'),
  ...verbs('delete*', (words, verb) => readLinkDelete(words, verb)),
  ...verbs('show* lst* list*', showLinks),
  ...notVerbs('xstats* afstats* property*'),
];

const showNexthops: Read = (words, _verb, output) => readNexthopSelector('show', words, output);
const nexthop = [
  ...verbs('add*', (words, verb) => readNexthopChange('add', words, verb)),
  ...verbs('replace*', (words, verb) => readNexthopChange('replace', words, verb)),
  ...verbs('delete*', (words, verb) => readNexthopChange('delete', words, verb)),
  ...verbs(shows, showNexthops),
  ...notVerbs('get*'),
  ...verbs('flush*', (words, _verb, output) => readNexthopSelector('flush', words, output)),
  ...notVerbs('bucket*'),
];

/** What `ip` knows, in iproute2's order (ip/ip.c): `ip a` is address, `ip r` is route, `ip n` is neighbor. */
export const objects: readonly Named[] = [
  ...object('address*', address, showAddresses),
  ...notVerbs('addrlabel* maddress*'),
  ...object('route*', route, showRoutes),
  ...object('rule*', rule, showRules),
  ...object('neighbor* neighbour*', neighbour, showNeighbours),
  ...notVerbs('ntable* ntbl*'),
  ...object('link*', link, showLinks),
  ...notVerbs('l2tp* fou* ila* macsec* tunnel* tunl* tuntap* tap* token* tcpmetrics* tcp_metrics*'),
  ...verbs('monitor*', (words, word, output) => readMonitor(words, word, output)),
  ...notVerbs('xfrm* mroute* mrule* netns* netconf* vrf* sr*'),
  ...object('nexthop*', nexthop, showNexthops),
  ...notVerbs('mptcp* ioam* help* stats*'),
];
