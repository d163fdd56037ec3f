import type { Expression, FibKey, MetaKey, PayloadField, Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { dscpClasses } from '../symbols.ts';
import type { Word } from '../word.ts';
import { conntrack, state } from './conntrack.ts';
import { bare, invertible, onlyOne, optional, required, value, type Extension } from './extension.ts';
import { icmp, multiport, tcp, udp } from './ports.ts';
import { recent } from './recent.ts';
import {
  among,
  binary,
  constant,
  match,
  matchMasked,
  readAddressRange,
  readMasked,
  readNumber,
  readRange,
  splitList,
} from './value.ts';

const meta = (key: MetaKey): Expression => ({ kind: 'meta', key });
const payload = (field: PayloadField): Expression => ({ kind: 'payload', field });

const maskedMark = (left: Expression): Extension => ({
  options: { '--mark': invertible },
  read: (options) => {
    const { word, invert } = required(options, '--mark');
    return [matchMasked(left, readMasked(word, 'a mark'), invert)];
  },
});

const comment: Extension = {
  options: { '--comment': value },
  read: (options) => {
    const { word } = required(options, '--comment');
    if (word.text.length > 255) refuse(word.at, 'a comment has up to 255 characters');
    return [{ kind: 'no-bearing', what: `comment "${word.text}"` }];
  },
};

const statistic: Extension = {
  options: { '--mode': value, '--probability': invertible, '--every': invertible, '--packet': value },
  read: (options) => {
    const mode = required(options, '--mode').word;
    if (mode.text === 'random') {
      if (options.all.has('--every') || options.all.has('--packet')) refuse(mode.at, 'mode random takes no --every');
      const { word, invert } = required(options, '--probability');
      const probability = /^\d*\.?\d+$|^\d+\.$/.test(word.text) ? Number(word.text) : NaN;
      if (!(probability >= 0 && probability <= 1))
        refuse(word.at, `expected a probability from 0 to 1, got '${word.text}'`);
      return [{ kind: 'chance', probability, invert }];
    }
    if (mode.text !== 'nth') refuse(mode.at, `'${mode.text}' is no mode`, 'modes are random and nth');
    if (options.all.has('--probability')) refuse(mode.at, 'mode nth takes no --probability');
    const { word, invert } = required(options, '--every');
    const every = readNumber(word, 'how many packets', 0xffffffff, 1);
    const packet = readNumber(required(options, '--packet').word, 'which of the packets');
    if (packet >= every) refuse(word.at, `of ${every} packets there is none of number ${packet}: they count from 0`);
    return [{ kind: 'nth', every, packet, invert }];
  },
};

const routeTypes: Readonly<Record<string, string>> = {
  UNSPEC: 'unspec',
  UNICAST: 'unicast',
  LOCAL: 'local',
  BROADCAST: 'broadcast',
  ANYCAST: 'anycast',
  MULTICAST: 'multicast',
  BLACKHOLE: 'blackhole',
  UNREACHABLE: 'unreachable',
  PROHIBIT: 'prohibit',
};

const addrtype: Extension = {
  options: {
    '--src-type': invertible,
    '--dst-type': invertible,
    '--limit-iface-in': bare,
    '--limit-iface-out': bare,
  },
  read: (options) => {
    const [inside, outside] = [options.all.get('--limit-iface-in'), options.all.get('--limit-iface-out')];
    if (inside && outside) refuse(outside.at, "'--limit-iface-out' can't stand with '--limit-iface-in'");
    const limit: readonly FibKey[] = inside ? ['iif'] : outside ? ['oif'] : [];
    const asked = (['saddr', 'daddr'] as const).flatMap((key) => {
      const given = optional(options, key === 'saddr' ? '--src-type' : '--dst-type');
      if (!given) return [];
      const keys = splitList(given.word).map((word) => ({ kind: 'value' as const, value: readRouteType(word) }));
      return [match({ kind: 'fib', keys: [key, ...limit], result: 'type' }, among(keys), given.invert)];
    });
    return asked.length > 0 ? asked : refuse(options.at, "match addrtype needs '--src-type' or '--dst-type'");
  },
};

function readRouteType({ text, at }: Word): string {
  const name = text.toUpperCase();
  const hint = `types are ${Object.keys(routeTypes).join(', ')}`;
  return (
    (Object.hasOwn(routeTypes, name) ? routeTypes[name] : undefined) ??
    refuse(at, `'${text}' is no type of address`, hint)
  );
}

const iprange: Extension = {
  options: { '--src-range': invertible, '--dst-range': invertible },
  read: (options) => {
    const asked = (['saddr', 'daddr'] as const).flatMap((side) => {
      const given = optional(options, side === 'saddr' ? '--src-range' : '--dst-range');
      if (!given) return [];
      const { from, to } = readAddressRange(given.word);
      const key = from === to ? ({ kind: 'value', value: from } as const) : ({ kind: 'range', from, to } as const);
      return [match(payload(`ip ${side}`), key, given.invert)];
    });
    return asked.length > 0 ? asked : refuse(options.at, "match iprange needs '--src-range' or '--dst-range'");
  },
};

const periods: readonly (readonly [string, number])[] = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86400],
];

const limit: Extension = {
  options: { '--limit': value, '--limit-burst': value },
  read: (options) => {
    const word = optional(options, '--limit')?.word ?? { text: '3/hour', at: options.at };
    const [number = '', unit] = word.text.split('/');
    const per =
      unit === undefined ? 1 : periods.find(([name]) => unit !== '' && name.startsWith(unit.toLowerCase()))?.[1];
    if (per === undefined)
      return refuse(word.at, `'${word.text}' is no rate`, 'such as 5/second, /minute, /hour, /day');
    const rate = readNumber({ ...word, text: number }, 'a rate', 10_000 * per, 1);
    const given = optional(options, '--limit-burst');
    const burst = given ? readNumber(given.word, 'a burst', 10_000, 1) : 5;
    return [{ kind: 'limit', rate, per, burst, over: false }];
  },
};

const length: Extension = {
  options: { '--length': invertible },
  read: (options) => {
    const { word, invert } = required(options, '--length');
    return [match(payload('ip length'), readRange(word, 'a length', 0xffff), invert)];
  },
};

const ttl: Extension = {
  options: { '--ttl-eq': invertible, '--ttl': { ...invertible, is: '--ttl-eq' }, '--ttl-lt': value, '--ttl-gt': value },
  read: (options) => {
    const { name, values, invert } = onlyOne(options, ['--ttl-eq', '--ttl-lt', '--ttl-gt']);
    const [word] = values;
    const number = word ? readNumber(word, 'a TTL', 255) : 0;
    const operator = name === '--ttl-lt' ? '<' : name === '--ttl-gt' ? '>' : invert ? '!=' : '==';
    return [{ kind: 'match', left: payload('ip ttl'), operator, right: { kind: 'value', value: number } }];
  },
};

const dscp: Extension = {
  options: { '--dscp': invertible, '--dscp-class': invertible },
  read: (options) => {
    const { name, values, invert } = onlyOne(options, ['--dscp', '--dscp-class']);
    const [word] = values;
    if (!word) return [];
    const number = name === '--dscp' ? readNumber(word, 'a DSCP', 63) : readDscpClass(word);
    return [match(payload('ip dscp'), { kind: 'value', value: number }, invert)];
  },
};

/** A class such as EF or AF41. */
export function readDscpClass({ text, at }: Word): number {
  const name = text.toLowerCase() === 'be' ? 'cs0' : text.toLowerCase();
  const found = Object.hasOwn(dscpClasses, name) ? dscpClasses[name] : undefined;
  return found ?? refuse(at, `'${text}' is no class`, `classes are ${Object.keys(dscpClasses).join(', ')}`);
}

/** RFC 1349's names; by name, the bits of precedence and the lowest one don't count. */
const tosNames: Readonly<Record<string, number>> = {
  'minimize-delay': 0x10,
  'maximize-throughput': 0x08,
  'maximize-reliability': 0x04,
  'minimize-cost': 0x02,
  'normal-service': 0,
};

/** `value/mask`, or a name. */
export function readTos(word: Word): { readonly value: number; readonly mask: number } {
  const named = tosNames[word.text.toLowerCase()];
  return named === undefined ? readMasked(word, 'a TOS', 255) : { value: named, mask: 0x3f };
}

const tos: Extension = {
  options: { '--tos': invertible },
  read: (options) => {
    const { word, invert } = required(options, '--tos');
    const { value: number, mask } = readTos(word);
    const field = payload('ip tos');
    const left = mask === 255 ? field : binary(field, '&', constant(mask));
    return [match(left, { kind: 'value', value: number }, invert)];
  },
};

const owner: Extension = {
  options: { '--uid-owner': invertible, '--gid-owner': invertible },
  chains: ['OUTPUT', 'POSTROUTING'],
  read: (options) => {
    const asked = (['skuid', 'skgid'] as const).flatMap((key) => {
      const given = optional(options, key === 'skuid' ? '--uid-owner' : '--gid-owner');
      if (!given) return [];
      const word = given.word.text === 'root' ? { ...given.word, text: '0' } : given.word;
      return [match(meta(key), readRange(word, 'a number of a user or group', 0xfffffffe, {}, '-'), given.invert)];
    });
    return asked.length > 0 ? asked : refuse(options.at, "match owner needs '--uid-owner' or '--gid-owner'");
  },
};

const rpfilter: Extension = {
  options: { '--loose': bare, '--validmark': bare, '--invert': bare },
  tables: ['raw', 'mangle'],
  chains: ['PREROUTING'],
  read: ({ all }) => {
    const mark: readonly FibKey[] = all.has('--validmark') ? ['mark'] : [];
    const device: readonly FibKey[] = all.has('--loose') ? [] : ['iif'];
    const fib: Expression = { kind: 'fib', keys: ['saddr', ...mark, ...device], result: 'exists' };
    return [match(fib, { kind: 'value', value: all.has('--invert') ? 0 : 1 })];
  },
};

/** A socket is there where it has a property at all; of one bound to no address `wildcard` is 1. */
const socket: Extension = {
  options: { '--transparent': bare, '--nowildcard': bare, '--restore-skmark': bare },
  chains: ['PREROUTING', 'INPUT'],
  read: ({ all }) => {
    const property = (key: 'wildcard' | 'transparent' | 'mark'): Expression => ({ kind: 'socket', key });
    const is = (key: 'wildcard' | 'transparent', number: number): Statement =>
      match(property(key), { kind: 'value', value: number });
    const there: Statement = { ...match(property('wildcard'), { kind: 'value', value: 2 }, true) };
    return [
      all.has('--nowildcard') ? there : is('wildcard', 0),
      ...(all.has('--transparent') ? [is('transparent', 1)] : []),
      ...(all.has('--restore-skmark')
        ? [{ kind: 'set' as const, target: { kind: 'meta' as const, key: 'mark' as const }, value: property('mark') }]
        : []),
    ];
  },
};

/** With a mask of 0 all connections are counted together; apart by address, they aren't modelled. */
const connlimit: Extension = {
  options: {
    '--connlimit-above': invertible,
    '--connlimit-upto': value,
    '--connlimit-mask': value,
    '--connlimit-saddr': bare,
    '--connlimit-daddr': bare,
  },
  read: (options) => {
    const { name, values, invert } = onlyOne(options, ['--connlimit-above', '--connlimit-upto']);
    const mask = optional(options, '--connlimit-mask');
    const [word] = values;
    if (!word || !mask || readNumber(mask.word, 'a prefix length', 32) !== 0) {
      refuse(
        options.at,
        'counting connections by address is not modelled',
        "all together they are: '--connlimit-mask 0'",
      );
    }
    const count = readNumber(word, 'a number of connections');
    return [{ kind: 'connection-count', count, over: (name === '--connlimit-above') !== invert }];
  },
};

/** What `-m` may name. */
export const matches: Readonly<Record<string, Extension>> = {
  ...{
    addrtype,
    comment,
    connlimit,
    conntrack,
    dscp,
    icmp,
    iprange,
    length,
    limit,
    multiport,
    owner,
    recent,
    rpfilter,
  },
  ...{ socket, state, statistic, tcp, tos, ttl, udp },
  mark: maskedMark(meta('mark')),
  connmark: maskedMark({ kind: 'ct', key: 'mark' }),
};

/** The matches that `-p` brings along, for the options that follow. */
export const impliedMatches: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp' };
