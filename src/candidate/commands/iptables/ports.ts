import type { ElementKey, Expression, PayloadField, Statement } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { protocolsWithPorts, tcpFlags } from '../symbols.ts';
import type { Word } from '../word.ts';
import {
  bareInvertible,
  invertible,
  onlyOne,
  optional,
  required,
  type Extension,
  type Options,
  type RuleContext,
} from './extension.ts';
import { icmpTypes } from './icmp.ts';
import { among, binary, constant, match, readNumber, readPorts, splitList } from './value.ts';

const field = (name: PayloadField): Expression => ({ kind: 'payload', field: name });

const portOptions = {
  '--sport': invertible,
  '--source-port': { ...invertible, is: '--sport' },
  '--dport': invertible,
  '--destination-port': { ...invertible, is: '--dport' },
};

function readPortMatches(options: Options): readonly Statement[] {
  return (['sport', 'dport'] as const).flatMap((name) => {
    const given = optional(options, `--${name}`);
    return given ? [match(field(`th ${name}`), readPorts(given.word), given.invert)] : [];
  });
}

function requireProtocol(options: Options, { protocol }: RuleContext, number: number, name: string): void {
  if (protocol !== number) refuse(options.at, `match ${name} needs '-p ${name}'`);
}

export const tcp: Extension = {
  options: { ...portOptions, '--tcp-flags': { values: 2, invertible: true }, '--syn': bareInvertible },
  read: (options, rule) => {
    requireProtocol(options, rule, 6, 'tcp');
    return [...readPortMatches(options), ...readTcpFlags(options)];
  },
};

function readTcpFlags(options: Options): readonly Statement[] {
  const [flags, syn] = [options.all.get('--tcp-flags'), options.all.get('--syn')];
  if (flags && syn) refuse(syn.at, "'--syn' is '--tcp-flags FIN,SYN,RST,ACK SYN' already");
  if (syn) return [matchFlags(1 | 2 | 4 | 16, 2, syn.invert)];
  const [mask, set] = flags?.values ?? [];
  return flags && mask && set ? [matchFlags(readFlags(mask), readFlags(set), flags.invert)] : [];
}

function matchFlags(mask: number, set: number, invert: boolean): Statement {
  return match(binary(field('tcp flags'), '&', constant(mask)), { kind: 'value', value: set }, invert);
}

function readFlags(word: Word): number {
  return splitList(word).reduce((bits, { text, at }) => {
    const name = text.toLowerCase();
    if (name === 'all') return bits | 63;
    if (name === 'none') return bits;
    const bit = Object.hasOwn(tcpFlags, name) ? tcpFlags[name] : undefined;
    return bits | (bit ?? refuse(at, `'${text}' is no TCP flag`, 'flags are FIN SYN RST PSH ACK URG ALL NONE'));
  }, 0);
}

export const udp: Extension = {
  options: portOptions,
  read: (options, rule) => {
    requireProtocol(options, rule, 17, 'udp');
    return readPortMatches(options);
  },
};

export const icmp: Extension = {
  options: { '--icmp-type': invertible },
  read: (options, rule) => {
    requireProtocol(options, rule, 1, 'icmp');
    const { word, invert } = required(options, '--icmp-type');
    if (word.text === 'any') return [];
    const { type, code } = readIcmpType(word);
    if (code === null) return [match(field('icmp type'), { kind: 'value', value: type }, invert)];
    const parts: readonly ElementKey[] = [type, code].map((value) => ({ kind: 'value', value }));
    const both: Expression = { kind: 'concatenation', parts: [field('icmp type'), field('icmp code')] };
    return [match(both, { kind: 'set', elements: [{ key: { kind: 'concatenation', parts } }] }, invert)];
  },
};

function readIcmpType(word: Word): { readonly type: number; readonly code: number | null } {
  const known = Object.hasOwn(icmpTypes, word.text) ? icmpTypes[word.text] : undefined;
  if (known) return known;
  const [type = '', code] = word.text.split('/');
  const hint = `names are ${Object.keys(icmpTypes).join(', ')}`;
  if (!/^\d+$/.test(type)) return refuse(word.at, `'${word.text}' is no type of ICMP`, hint);
  const number = readNumber({ ...word, text: type }, 'a type of ICMP', 255);
  return { type: number, code: code === undefined ? null : readNumber({ ...word, text: code }, 'a code', 255) };
}

/** `--ports`: the one or the other. */
export const multiport: Extension = {
  options: {
    '--sports': invertible,
    '--source-ports': { ...invertible, is: '--sports' },
    '--dports': invertible,
    '--destination-ports': { ...invertible, is: '--dports' },
    '--ports': invertible,
  },
  read: (options, { protocol }) => {
    if (protocol === null || !protocolsWithPorts.includes(protocol)) {
      refuse(options.at, "match multiport needs '-p tcp', '-p udp', or another protocol with ports");
    }
    const { name, values, invert } = onlyOne(options, ['--sports', '--dports', '--ports']);
    const [word] = values;
    const keys = word ? splitList(word).map(readPorts) : [];
    const room = keys.reduce((sum, key) => sum + (key.kind === 'range' ? 2 : 1), 0);
    if (room > 15) refuse(options.at, 'multiport takes 15 ports, of which a range is two');
    if (name !== '--ports') return [match(field(name === '--sports' ? 'th sport' : 'th dport'), among(keys), invert)];
    const any: ElementKey = { kind: 'range', from: 0, to: 0xffff };
    const sides = keys.flatMap((key): readonly (readonly ElementKey[])[] => [
      [key, any],
      [any, key],
    ]);
    const elements = sides.map((parts) => ({ key: { kind: 'concatenation' as const, parts } }));
    const both: Expression = { kind: 'concatenation', parts: [field('th sport'), field('th dport')] };
    return [match(both, { kind: 'set', elements }, invert)];
  },
};
