/** Rules made at random, for the tests: what iptables takes, and what is a word away from it. */
import fc from 'fast-check';

/** A rule of a table and chain, as words after `iptables`. */
export interface Sample {
  readonly table: string;
  readonly chain: string;
  readonly words: readonly string[];
}

const pick = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const words = (...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((texts) => texts.filter((text) => text !== '').join(' '));
const number = (max: number): fc.Arbitrary<string> => fc.integer({ min: 0, max }).map(String);
const hex = (max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max }).map((value) => `0x${value.toString(16)}`);
const not = pick('', '', '', '!');
const list = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.uniqueArray(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(','));

const address = fc
  .tuple(fc.constantFrom(10, 192, 203), number(255), number(255), number(255))
  .map((parts) => parts.join('.'));
const network = fc.oneof(
  address,
  fc.tuple(address, fc.integer({ min: 1, max: 32 })).map(([host, length]) => `${host}/${length}`),
  pick('10.0.0.0/255.0.0.0', '10.1/16', '1.2.3.4/255.0.255.0', '0/0', '192.168.0.0/255.255.255.0'),
);
const ports = fc.oneof(
  number(65535),
  fc.tuple(number(1000), fc.integer({ min: 1001, max: 65535 })).map((ends) => ends.join(':')),
  pick('ssh', 'http', 'domain', '1024:', ':1023', '5:3'),
);
const mark = fc.oneof(
  hex(0xffffffff),
  number(99),
  fc.tuple(hex(0xff), hex(0xffff)).map((parts) => parts.join('/')),
);
const states = list(pick('NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'));

const matches: fc.Arbitrary<string> = fc.oneof(
  words(not, pick('-s', '--source', '--src'), network),
  words(not, pick('-d', '--destination'), network),
  words(not, '-i', pick('eth0', 'ppp+', 'eth0.100', '+')),
  words(not, '-o', pick('eth1', 'tun+', 'lo')),
  words('-m mark', not, '--mark', mark),
  words('-m connmark', not, '--mark', mark),
  words('-m conntrack', not, '--ctstate', states),
  words('-m conntrack', not, '--ctstate', pick('SNAT', 'DNAT')),
  words('-m conntrack --ctdir', pick('ORIGINAL', 'REPLY', 'reply')),
  words('-m conntrack', not, '--ctorigsrc', address),
  words('-m conntrack', not, '--ctrepldst', network),
  words('-m conntrack', '--ctstatus', list(pick('ASSURED', 'CONFIRMED', 'SEEN_REPLY', 'EXPECTED'))),
  words('-m state', not, '--state', states),
  words('-m addrtype', not, '--dst-type', list(pick('LOCAL', 'BROADCAST', 'UNICAST'))),
  words('-m addrtype', not, '--src-type', pick('LOCAL', 'MULTICAST')),
  words('-m iprange', not, '--src-range', pick('10.0.0.1-10.0.0.9', '192.168.0.5-192.168.1.7')),
  words(
    '-m limit --limit',
    fc.integer({ min: 1, max: 100 }).map(String),
    pick('', '').map(() => ''),
  ),
  words('-m limit --limit', pick('5/second', '10/min', '3/h', '7/day', '5/week'), pick('', '--limit-burst 7')),
  words('-m length', not, '--length', pick('40', '100:200', '64:', ':1500')),
  words('-m ttl', pick('--ttl-eq 5', '--ttl-lt 64', '--ttl-gt 3', '! --ttl-eq 9', '! --ttl-lt 4')),
  words('-m dscp', not, '--dscp', pick('0x2e', '10', '64')),
  words('-m dscp', not, '--dscp-class', pick('EF', 'AF41', 'CS3', 'be')),
  words('-m tos', not, '--tos', pick('0x10', '0x10/0x3f', 'Minimize-Delay')),
  words('-m owner', not, '--uid-owner', pick('0', 'root', '1000-2000')),
  words('-m statistic --mode nth', not, '--every', pick('2', '3', '5'), '--packet', pick('0', '1', '4')),
  words('-m statistic --mode random --probability', pick('0.5', '.25', '1', '2')),
  words('-m comment --comment', pick('hello', 'world')),
  words('-m rpfilter', pick('', '--loose', '--invert', '--validmark', '--loose --invert')),
  words('-m socket', pick('', '--transparent', '--nowildcard')),
  words(
    '-m recent',
    not,
    pick('--set', '--rcheck', '--update', '--remove'),
    pick(
      '',
      '',
      '--seconds 60',
      '--hitcount 4',
      '--seconds 5 --hitcount 65535',
      '--hitcount 65536',
      '--seconds 9 --reap',
      '--reap',
    ),
    pick('', '', '--name x', '--rsource', '--rdest', '--mask 255.255.255.0', '--mask 24', '--rsource --rdest'),
  ),
  words('-m connlimit --connlimit-above 3 --connlimit-mask 0'),
  words(not, '-f'),
);

/** Protocols, each with what goes with it alone. */
const protocols: fc.Arbitrary<string> = fc.oneof(
  words(not, '-p', pick('tcp', 'udp', 'icmp', '47', 'all', 'TCP', 'esp')),
  words('-p', pick('tcp', 'udp', '6', '17'), not, pick('--dport', '--sport', '--destination-port'), ports),
  words('-p tcp -m tcp', not, '--dport', ports, pick('', '--syn', '! --syn')),
  words('-p tcp', not, '--tcp-flags', pick('SYN,RST SYN', 'ALL NONE', 'SYN,ACK,FIN SYN,ACK', 'SYN')),
  words(
    '-p',
    pick('tcp', 'udp', 'icmp'),
    '-m multiport',
    not,
    pick('--dports', '--sports'),
    list(pick('22', '80:90', 'domain', '443', '1000:2000')),
  ),
  words('-p icmp', not, '--icmp-type', pick('echo-request', '8', '3', 'time-exceeded', '3/1', 'ping', 'bogus')),
  pick(''),
);

interface Place {
  readonly table: string;
  readonly chain: string;
  readonly target: string;
}
const natFlags = pick('', '', '--random', '--persistent', '--random-fully');
const place = (
  tables: readonly string[],
  chains: readonly string[],
  target: fc.Arbitrary<string>,
): fc.Arbitrary<Place> => fc.record({ table: fc.constantFrom(...tables), chain: fc.constantFrom(...chains), target });
const toAddress = fc.oneof(address, pick('10.0.0.1-10.0.0.9', '10.0.0.1:80', '10.0.0.1-10.0.0.3:1000-2000'));
const places: fc.Arbitrary<Place> = fc.oneof(
  place(
    ['filter'],
    ['INPUT', 'FORWARD', 'OUTPUT'],
    fc.oneof(
      pick(
        '-j ACCEPT',
        '-j DROP',
        '-j RETURN',
        '-j other',
        '-g other',
        '',
        '-j LOG',
        '-j LOG --log-prefix x',
        '-j REJECT',
      ),
      words(
        '-j REJECT --reject-with',
        pick('icmp-host-prohibited', 'icmp-port-unreachable', 'tcp-reset', 'icmp-net-unreachable', 'bogus'),
      ),
    ),
  ),
  place(
    ['mangle', 'mangle', 'filter'],
    ['INPUT', 'FORWARD', 'OUTPUT'],
    fc.oneof(
      words('-j MARK', pick('--set-mark', '--set-xmark'), mark),
      words('-j MARK', pick('--and-mark', '--or-mark', '--xor-mark'), hex(0xffff)),
      words('-j CONNMARK', pick('--set-mark', '--set-xmark'), mark),
      words(
        '-j CONNMARK',
        pick('--save-mark', '--restore-mark'),
        pick('', '', '--mask 0xff', '--nfmask 0xf --ctmask 0xf0'),
      ),
      words('-j TTL --ttl-set', number(255)),
      words('-j DSCP', pick('--set-dscp 0x12', '--set-dscp-class EF')),
      words('-j TOS --set-tos', pick('0x10', '0x10/0xff')),
      words('-j TCPMSS', pick('--clamp-mss-to-pmtu', '--set-mss 1400')),
    ),
  ),
  place(['raw'], ['PREROUTING', 'OUTPUT'], pick('-j CT --notrack', '-j NOTRACK', '-j ACCEPT')),
  place(
    ['nat'],
    ['PREROUTING', 'OUTPUT', 'POSTROUTING', 'INPUT'],
    fc.oneof(
      words('-j SNAT --to-source', toAddress, natFlags),
      words('-j DNAT --to-destination', toAddress, natFlags),
      words('-j MASQUERADE', pick('', '--to-ports 1000-2000', '--to-ports 5'), pick('', '--random')),
      words('-j REDIRECT', pick('', '--to-ports 8080', '--to-ports 10-20'), pick('', '--random')),
    ),
  ),
);

export const samples: fc.Arbitrary<Sample> = fc
  .tuple(places, protocols, fc.array(matches, { maxLength: 2 }))
  .map(([{ table, chain, target }, protocol, parts]) => ({
    table,
    chain,
    words: [protocol, ...parts, target]
      .join(' ')
      .split(' ')
      .filter((word) => word !== ''),
  }));

/** The same with a word left out, doubled, or put in another's place. */
export const mutations: fc.Arbitrary<Sample> = fc
  .tuple(samples, samples, fc.nat(), fc.nat(), fc.constantFrom('drop', 'double', 'replace'))
  .map(([sample, other, one, two, how]) => {
    const index = one % Math.max(1, sample.words.length);
    const word = sample.words[index] ?? '';
    // An option for an option, a value for a value.
    const foreign = other.words.filter((text) => text.startsWith('-') === word.startsWith('-'));
    const instead = { drop: [], double: [word, word], replace: [foreign[two % Math.max(1, foreign.length)] ?? ''] }[
      how
    ];
    return { ...sample, words: sample.words.toSpliced(index, 1, ...instead).filter((text) => text !== '') };
  });
