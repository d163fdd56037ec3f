import test from 'ava';
import { readConntrack } from './read-conntrack.ts';
import { refusal, wordsOf } from './sample-words.ts';

const conntrack = (line: string) => readConntrack(wordsOf(line));
const nothing = {
  ...{ protocol: null, originalSource: null, originalDestination: null, replySource: null, replyDestination: null },
  ...{ sourcePort: null, destinationPort: null, replySourcePort: null, replyDestinationPort: null },
  ...{ mark: null, sourceNat: null, destinationNat: null },
};

test('conntrack deletes what is described', (t) => {
  t.deepEqual(conntrack('conntrack -D -p udp --dport 1194 -s 10.0.0.0/8 -q203.0.113.2 -m 0x1/0x3 -n'), {
    action: 'delete',
    filter: {
      ...nothing,
      ...{ protocol: 17, destinationPort: 1194, originalSource: { address: 0x0a000000, length: 8 } },
      ...{
        replyDestination: { address: 0xcb007102, length: 32 },
        mark: { value: 1, mask: 3 },
        sourceNat: { to: null },
      },
    },
  });
  t.deepEqual(conntrack('conntrack --del --proto=17 --dst-nat 10.0.0.1'), {
    action: 'delete',
    filter: { ...nothing, protocol: 17, destinationNat: { to: 0x0a000001 } },
  });
  t.deepEqual(conntrack('conntrack -F'), { action: 'flush' });
  t.deepEqual(conntrack('conntrack -L conntrack -f ipv4'), { action: 'list', filter: nothing });
  t.deepEqual(conntrack('conntrack -D'), { action: 'delete', filter: nothing });
});

test('conntrack refuses', (t) => {
  const refused = (line: string) => refusal(() => conntrack(`conntrack ${line}`))[0];
  t.is(refused('-p udp'), 'up.sh:1:1: conntrack needs to be told what to do: -D, -F, -L or -C');
  t.is(refused('-D -F'), 'up.sh:1:14: -D is said already: conntrack does one thing at a time');
  t.is(refused('-F -p udp'), 'up.sh:1:14: -F takes no -p');
  t.is(refused('-D --dport 53 -p udp'), 'up.sh:1:22: conntrack takes ports after -p alone');
  t.is(refused('-D -s'), 'up.sh:1:14: "-s" needs something after it');
  t.is(refused('-D -s 10.0'), 'up.sh:1:17: expected an IPv4 address such as 203.0.113.2, got "10.0"');
  t.is(refused('-D -p ucp'), 'up.sh:1:17: expected a protocol, got "ucp"');
  t.is(refused('-D expect'), 'up.sh:1:14: the table expect is not modelled');
  t.is(refused('-D -u ASSURED'), 'up.sh:1:14: -u is not modelled');
  t.is(refused('-D --repl 10.0.0.1'), 'up.sh:1:14: --repl may be more than one option');
  t.is(refused('-D --sprot 5'), 'up.sh:1:14: "--sprot" is not an option of conntrack');
});
