import test from 'ava';
import { LabError } from '../net/error.ts';
import { netstatCounter } from './counters.ts';

const text = `TcpExt: SyncookiesSent IPReversePathFilter TCPTimeWaitOverflow
TcpExt: 3 14 0
IpExt: InNoRoutes IPReversePathFilter
IpExt: 5 6
`;

test('a counter stands below its name', (t) => {
  t.is(netstatCounter(text, 'TcpExt', 'IPReversePathFilter'), 14);
  t.is(netstatCounter(text, 'TcpExt', 'TCPTimeWaitOverflow'), 0);
  t.is(netstatCounter(text, 'IpExt', 'InNoRoutes'), 5);
});

for (const [what, broken] of [
  ['a kernel without the counter', text.replace('IPReversePathFilter', 'Other')],
  ['no text', ''],
  ['names without values', 'TcpExt: IPReversePathFilter\n'],
  ['a value that is no number', 'TcpExt: IPReversePathFilter\nTcpExt: x\n'],
] as const) {
  test(`${what}: an error that names the counter, never 0`, (t) => {
    const error = t.throws(() => netstatCounter(broken, 'TcpExt', 'IPReversePathFilter'), { instanceOf: LabError });
    t.is(error.message, 'this kernel has no counter TcpExtIPReversePathFilter');
  });
}
