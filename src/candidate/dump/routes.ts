import type { Location } from '../commands/location.ts';
import { refuse } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';
import { itemsOf, membersOf, textOf, wordOf, type Json, type Members } from './json.ts';
import { namedType } from './route-type.ts';
import { command, type Command } from './step.ts';

interface Route {
  readonly command: Command;
  /** Which routes have to be there before it. */
  readonly rank: number;
  /** What routes of which the first is taken have in common. */
  readonly key: string;
}

/** Metrics in the word's other sense: the model has no use for them, but the kernel gets what it had. */
const numbers = [
  ...['mtu', 'advmss', 'hoplimit', 'window', 'cwnd', 'initcwnd', 'initrwnd', 'reordering', 'ssthresh', 'quickack'],
  'fastopen_no_cookie',
];
const withoutBearing = new Set(['features', 'cache', 'uid', 'rtt', 'rttvar', 'used', 'age', 'error']);
const flagsWithoutBearing = [
  'pervasive',
  'offload',
  'offload_failed',
  'trap',
  'rt_offload',
  'rt_trap',
  'notify',
  'cloned',
];

/**
 * Commands that leave a host with the routes of `ip -j route show table all`, whatever it had before.
 *
 * @param lines names of the interfaces whose other ends are the lab's
 * @throws LabError 'invalid' for what a route says that isn't modelled
 */
export function readRoutes(document: Json, lines: ReadonlySet<string>): readonly Command[] {
  const routes = itemsOf(document, 'what ip -4 -j route show table all prints').flatMap((item) =>
    readRoute(item, lines),
  );
  // Routes of one prefix stay in their order: the first is taken.
  const last = new Map<string, number>();
  for (const { key, rank } of routes) last.set(key, Math.max(rank, last.get(key) ?? 0));
  const place = ({ key, rank }: Route): number => last.get(key) ?? rank;
  const inOrder = routes.toSorted((one, other) => place(one) - place(other));
  return [command(document.at, 'route flush table all'), ...inOrder.map((route) => route.command)];
}

function readRoute(json: Json, lines: ReadonlySet<string>): readonly Route[] {
  const members = membersOf(json, 'a route');
  const destination = wordOf(members.need('dst'), 'a destination');
  // Without -4, `ip` prints both families, and doesn't say which is which; only a route of IPv6 has a preference.
  if (destination.text.includes(':') || members.take('pref')) return [];
  const type = option(members, 'type', '').map(namedType);
  const table = option(members, 'table', 'table');
  const tos = option(members, 'tos', 'tos');
  const scope = option(members, 'scope', 'scope');
  const source = option(members, 'prefsrc', 'src');
  const metric = option(members, 'metric', 'metric');
  const ways = waysOf(members, json.at, lines);
  const protocol = option(members, 'protocol', 'protocol');
  const metrics = metricsOf(members.take('metrics'));
  members.rest(withoutBearing);
  const words = [
    ...type,
    destination,
    ...table,
    ...tos,
    ...protocol,
    ...scope,
    ...source,
    ...metric,
    ...metrics,
    ...ways.words,
  ];
  const named = (option: readonly Word[]): string => option.at(-1)?.text ?? '';
  const own = named(type) === 'local';
  return [
    {
      command: command(json.at, 'route append', words),
      // An address has to be local before it can be a source, and a gateway reachable before there can be a way by it.
      rank: own ? (named(source) === destination.text ? 0 : 1) : ways.gateway ? 3 : 2,
      key: [named(table), destination.text, named(tos), named(metric)].join(' '),
    },
  ];
}

/** Words for a key, if it is there; an empty name: the value alone. */
function option(members: Members, key: string, name: string): readonly Word[] {
  const value = members.take(key);
  if (!value) return [];
  const word = wordOf(value, `the value of ${key}`);
  return name === '' ? [word] : [{ text: name, at: value.at }, word];
}

function metricsOf(json: Json | undefined): readonly Word[] {
  return (json ? itemsOf(json, 'metrics') : []).flatMap((item) => {
    const members = membersOf(item, "a route's metrics");
    const words = numbers.flatMap((name) => option(members, name, name));
    members.rest(new Set(['lock', 'rtt', 'rttvar', 'rto_min', 'features', 'congestion', 'congctl']));
    return words;
  });
}

interface Ways {
  readonly words: readonly Word[];
  readonly gateway: boolean;
}

function waysOf(members: Members, at: Location, lines: ReadonlySet<string>): Ways {
  const nexthops = members.take('nexthops');
  const object = option(members, 'nhid', 'nhid');
  const single = wayOf(members, lines);
  if (object.length > 0) {
    // What the object says is repeated beside its number.
    return { words: object, gateway: true };
  }
  if (!nexthops) return single;
  if (single.words.length > 0) refuse(at, 'the route has both a way of its own and nexthops');
  const several = itemsOf(nexthops, 'nexthops').map((nexthop) => {
    const its = membersOf(nexthop, 'a nexthop');
    const way = wayOf(its, lines);
    const weight = option(its, 'weight', 'weight');
    its.rest(new Set());
    return [{ text: 'nexthop', at: nexthop.at }, ...way.words, ...weight];
  });
  return { words: several.flat(), gateway: true };
}

function wayOf(members: Members, lines: ReadonlySet<string>): Ways {
  const via = members.take('via');
  if (via) refuse(via.at, 'a gateway of another family is not modelled');
  const gateway = option(members, 'gateway', 'via');
  const device = option(members, 'dev', 'dev');
  const onlink = flagsOf(members.take('flags'), lines.has(device.at(-1)?.text ?? ''));
  return { words: [...gateway, ...device, ...onlink], gateway: gateway.length > 0 };
}

function flagsOf(json: Json | undefined, isLine: boolean): readonly Word[] {
  if (!json) return [];
  return itemsOf(json, 'flags').flatMap((flag) => {
    const text = textOf(flag, 'a flag');
    if (text === 'onlink') return [{ text, at: flag.at }];
    if (flagsWithoutBearing.includes(text)) return [];
    // A bridge that nothing is plugged into has no carrier in the lab either.
    if (text === 'linkdown' && !isLine) return [];
    const hint = text === 'dead' || text === 'linkdown' ? "take the dump while the lines are up, as the lab's are" : '';
    return refuse(flag.at, `a nexthop that is ${JSON.stringify(text)} is not modelled`, hint);
  });
}
