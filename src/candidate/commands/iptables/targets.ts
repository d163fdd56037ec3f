import type { Expression, NatFlag, NatStatement, Statement, Target } from '../netfilter.ts';
import { refuse } from '../refusal.ts';
import { protocolsWithPorts } from '../symbols.ts';
import type { Word } from '../word.ts';
import {
  bare,
  onlyOne,
  optional,
  required,
  value,
  type Extension,
  type Options,
  type OptionShape,
  type RuleContext,
} from './extension.ts';
import { readDscpClass, readTos } from './matches.ts';
import { binary, constant, readAddressRange, readMasked, readNumber, readRange } from './value.ts';

const all = 0xffffffff;
const invert = (mask: number): number => ~mask >>> 0;
const packetMark: Expression & Target = { kind: 'meta', key: 'mark' };
const connectionMark: Expression & Target = { kind: 'ct', key: 'mark' };

/** Sets `(old & ~mask) ^ value`, in the fewest terms. */
function setMasked(target: Expression & Target, mask: number, number: number): Statement {
  const kept = mask === 0 ? target : binary(target, '&', constant(invert(mask)));
  const changed = number === 0 ? kept : binary(kept, '^', constant(number));
  return { kind: 'set', target, value: mask === all ? constant(number) : changed };
}

/** Copies a mark: `(old & ~mask) ^ (other & otherMask)`. */
function copyMark(target: Expression & Target, mask: number, from: Expression, fromMask: number): Statement {
  const source = fromMask === all ? from : binary(from, '&', constant(fromMask));
  return {
    kind: 'set',
    target,
    value: mask === all ? source : binary(binary(target, '&', constant(invert(mask))), '^', source),
  };
}

const markOptions = {
  '--set-mark': value,
  '--set-xmark': value,
  '--and-mark': value,
  '--or-mark': value,
  '--xor-mark': value,
};

function changeMark(target: Expression & Target, name: string, word: Word): Statement {
  const masked = (): { value: number; mask: number } => readMasked(word, 'a mark');
  const bits = (): number => readNumber(word, 'bits of a mark');
  switch (name) {
    case '--set-xmark':
      return setMasked(target, masked().mask, masked().value);
    case '--and-mark':
      return setMasked(target, invert(bits()), 0);
    case '--or-mark':
      return setMasked(target, bits(), bits());
    case '--xor-mark':
      return setMasked(target, 0, bits());
    default:
      return setMasked(target, (masked().mask | masked().value) >>> 0, masked().value);
  }
}

const MARK: Extension = {
  options: markOptions,
  read: (options) => {
    const { name, values } = onlyOne(options, Object.keys(markOptions));
    return values[0] ? [changeMark(packetMark, name, values[0])] : [];
  },
};

const CONNMARK: Extension = {
  options: {
    ...markOptions,
    '--save-mark': bare,
    '--restore-mark': bare,
    '--nfmask': value,
    '--ctmask': value,
    '--mask': value,
  },
  read: (options) => {
    const { name, values } = onlyOne(options, [...Object.keys(markOptions), '--save-mark', '--restore-mark']);
    const masks = ['--mask', '--nfmask', '--ctmask'].map((which) => options.all.get(which));
    const [both, one, other] = masks;
    const extra = masks.find((mask) => mask !== undefined);
    if (values[0]) {
      if (extra) refuse(extra.at, `'${extra.name}' is for --save-mark and --restore-mark`);
      return [changeMark(connectionMark, name, values[0])];
    }
    if (both && (one ?? other)) refuse(both.at, "'--mask' stands for '--nfmask' and '--ctmask'");
    const maskOf = (which: string): number => {
      const given = optional(options, both ? '--mask' : which);
      return given ? readNumber(given.word, 'a mask') : all;
    };
    const [packet, connection] = [maskOf('--nfmask'), maskOf('--ctmask')];
    return [
      name === '--save-mark'
        ? copyMark(connectionMark, connection, packetMark, packet)
        : copyMark(packetMark, packet, connectionMark, connection),
    ];
  },
};

const CT: Extension = {
  options: { '--notrack': bare },
  tables: ['raw'],
  read: ({ all: given, at }) =>
    given.has('--notrack') ? [{ kind: 'notrack' }] : refuse(at, "of target CT only '--notrack' is modelled"),
};
const NOTRACK: Extension = { options: {}, tables: ['raw'], read: () => [{ kind: 'notrack' }] };

type Range = NonNullable<NatStatement['port']>;
const [random, fully, persistent] = [{ '--random': bare }, { '--random-fully': bare }, { '--persistent': bare }];

function readFlags({ all: given }: Options): readonly NatFlag[] {
  return [
    ...(given.has('--random') ? (['random'] as const) : []),
    ...(given.has('--random-fully') ? (['fully-random'] as const) : []),
    ...(given.has('--persistent') ? (['persistent'] as const) : []),
  ];
}

function readPortRange(word: Word, text: string, { protocol }: RuleContext): Range {
  if (protocol === null || !protocolsWithPorts.includes(protocol)) {
    refuse(word.at, "a port needs '-p tcp', '-p udp', or another protocol with ports");
  }
  const key = readRange({ ...word, text }, 'a port', 0xffff, {}, '-');
  if (key.kind === 'range') return { from: constant(key.from), to: constant(key.to) };
  const port = constant(key.kind === 'value' ? key.value : 0);
  return { from: port, to: port };
}

/** `address[-address][:port[-port]]`. */
function translation(
  kind: 'snat' | 'dnat',
  option: string,
  chains: readonly string[],
  flags: Readonly<Record<string, OptionShape>>,
): Extension {
  return {
    options: { [option]: value, ...flags },
    tables: ['nat'],
    chains,
    read: (options, rule) => {
      const { word } = required(options, option);
      const [addresses = '', ports, ...more] = word.text.split(':');
      if (more.length > 0) refuse(word.at, `'${word.text}' is no address with a port`);
      if (ports?.includes('/')) refuse(word.at, 'ports shifted from a base are not modelled');
      const range = addresses === '' ? null : readAddressRange(word, addresses);
      if (!range && !ports) refuse(word.at, 'expected an address, a port, or both');
      const address = range && { from: constant(range.from), to: constant(range.to) };
      const port = ports === undefined ? null : readPortRange(word, ports, rule);
      return [{ kind: 'nat', nat: { kind, address, port, flags: readFlags(options) } }];
    },
  };
}

function toInterface(
  kind: 'masquerade' | 'redirect',
  chains: readonly string[],
  flags: Readonly<Record<string, OptionShape>>,
): Extension {
  return {
    options: { '--to-ports': value, ...flags },
    tables: ['nat'],
    chains,
    read: (options, rule) => {
      const given = optional(options, '--to-ports');
      const port = given ? readPortRange(given.word, given.word.text, rule) : null;
      return [{ kind: 'nat', nat: { kind, port, flags: readFlags(options) } }];
    },
  };
}

/** Reasons, as codes of ICMP destination unreachable; each has a short name too. */
const reasons: Readonly<Record<string, number>> = {
  'icmp-net-unreachable': 0,
  'net-unreach': 0,
  'icmp-host-unreachable': 1,
  'host-unreach': 1,
  'icmp-proto-unreachable': 2,
  'proto-unreach': 2,
  'icmp-port-unreachable': 3,
  'port-unreach': 3,
  'icmp-net-prohibited': 9,
  'net-prohib': 9,
  'icmp-host-prohibited': 10,
  'host-prohib': 10,
  'icmp-admin-prohibited': 13,
  'admin-prohib': 13,
};

const REJECT: Extension = {
  options: { '--reject-with': value },
  tables: ['filter'],
  read: (options, { protocol }) => {
    const word = optional(options, '--reject-with')?.word ?? { text: 'icmp-port-unreachable', at: options.at };
    if (word.text === 'tcp-reset' || word.text === 'tcp-rst') {
      if (protocol !== 6) refuse(word.at, "'tcp-reset' needs '-p tcp'");
      return [{ kind: 'reject', reason: { kind: 'tcp-reset' } }];
    }
    const hint = `reasons are ${Object.keys(reasons).join(', ')}, tcp-reset`;
    const code = Object.hasOwn(reasons, word.text) ? reasons[word.text] : undefined;
    return [
      { kind: 'reject', reason: { kind: 'icmp', code: code ?? refuse(word.at, `'${word.text}' is no reason`, hint) } },
    ];
  },
};

const LOG: Extension = {
  options: {
    ...{ '--log-prefix': value, '--log-level': value, '--log-tcp-sequence': bare, '--log-tcp-options': bare },
    ...{ '--log-ip-options': bare, '--log-uid': bare, '--log-macdecode': bare },
  },
  read: (options) => [{ kind: 'log', prefix: optional(options, '--log-prefix')?.word.text ?? '' }],
};
const NFLOG: Extension = {
  options: { '--nflog-group': value, '--nflog-prefix': value, '--nflog-size': value, '--nflog-threshold': value },
  read: (options) => [{ kind: 'log', prefix: optional(options, '--nflog-prefix')?.word.text ?? '' }],
};

const TCPMSS: Extension = {
  options: { '--set-mss': value, '--clamp-mss-to-pmtu': bare },
  read: (options, { protocol }) => {
    if (protocol !== 6) refuse(options.at, "target TCPMSS needs '-p tcp' and '--tcp-flags SYN,RST SYN'");
    const { values } = onlyOne(options, ['--set-mss', '--clamp-mss-to-pmtu']);
    const size = values[0] ? readNumber(values[0], 'a segment size', 65495) : 'rt mtu';
    return [{ kind: 'no-bearing', what: `tcp option maxseg size set ${size}` }];
  },
};

const TTL: Extension = {
  options: { '--ttl-set': value },
  tables: ['mangle'],
  read: (options) => {
    const number = readNumber(required(options, '--ttl-set').word, 'a TTL', 255);
    return [{ kind: 'set', target: { kind: 'payload', field: 'ip ttl' }, value: constant(number) }];
  },
};

const DSCP: Extension = {
  options: { '--set-dscp': value, '--set-dscp-class': value },
  tables: ['mangle'],
  read: (options) => {
    const { name, values } = onlyOne(options, ['--set-dscp', '--set-dscp-class']);
    const number =
      values[0] && (name === '--set-dscp' ? readNumber(values[0], 'a DSCP', 63) : readDscpClass(values[0]));
    return [{ kind: 'set', target: { kind: 'payload', field: 'ip dscp' }, value: constant(number ?? 0) }];
  },
};

const TOS: Extension = {
  options: { '--set-tos': value },
  tables: ['mangle'],
  read: (options) => {
    const { value: number, mask } = readTos(required(options, '--set-tos').word);
    const field: Expression & Target = { kind: 'payload', field: 'ip tos' };
    const kept = binary(field, '&', constant(255 & ~(mask | number)));
    return [
      { kind: 'set', target: field, value: mask === 255 ? constant(number) : binary(kept, '^', constant(number)) },
    ];
  },
};

/** What `-j` may name besides chains and the verdicts. */
export const targets: Readonly<Record<string, Extension>> = {
  ...{ CONNMARK, CT, DSCP, LOG, MARK, NFLOG, NOTRACK, REJECT, TCPMSS, TOS, TTL },
  SNAT: translation('snat', '--to-source', ['POSTROUTING', 'INPUT'], { ...random, ...fully, ...persistent }),
  DNAT: translation('dnat', '--to-destination', ['PREROUTING', 'OUTPUT'], { ...random, ...persistent }),
  MASQUERADE: toInterface('masquerade', ['POSTROUTING'], { ...random, ...fully }),
  REDIRECT: toInterface('redirect', ['PREROUTING', 'OUTPUT'], random),
};

/** Targets of iptables that are not modelled: no names of chains. */
export const unmodelledTargets: readonly string[] = [
  ...['AUDIT', 'CHECKSUM', 'CLASSIFY', 'CLUSTERIP', 'CONNSECMARK', 'DNPT', 'ECN', 'HL', 'HMARK', 'IDLETIMER', 'LED'],
  ...[
    'NETMAP',
    'NFQUEUE',
    'QUEUE',
    'RATEEST',
    'SECMARK',
    'SET',
    'SNPT',
    'SYNPROXY',
    'TCPOPTSTRIP',
    'TEE',
    'TPROXY',
    'TRACE',
    'ULOG',
  ],
];
