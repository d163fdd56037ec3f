import test from 'ava';
import { refusal, wordsOf } from './sample-words.ts';
import { dottedName, readSysctl } from './sysctl.ts';

const sysctl = (line: string, text?: string) => {
  const input = text === undefined ? null : { text, at: { file: 'up.sh', line: 5, column: 1 } };
  return readSysctl(wordsOf(line), input);
};
const written = (path: string, value: string) => {
  return { path, value, print: 'name and value', ignoreUnknown: false, action: 'write' } as const;
};

test('sysctl writes by name and by path, where the first separator counts', (t) => {
  for (const name of ['net.ipv4.conf.eth0/100.rp_filter', 'net/ipv4/conf/eth0.100/rp_filter']) {
    const [placed] = sysctl(`sysctl -w ${name}=2`);
    t.deepEqual(placed!.command, written('net/ipv4/conf/eth0.100/rp_filter', '2'));
  }
  t.is(dottedName('net/ipv4/conf/eth0.100/rp_filter'), 'net.ipv4.conf.eth0/100.rp_filter');
});

test('sysctl says what it is asked to say', (t) => {
  t.like(sysctl('sysctl -qw net.ipv4.ip_forward=1')[0], { command: { action: 'write', print: 'nothing' } });
  t.like(sysctl('sysctl net.ipv4.ip_forward -n')[0], { command: { action: 'read', print: 'value' } });
  t.like(sysctl('sysctl --ignore net.ipv4.ip_forward')[0], { command: { ignoreUnknown: true } });
  t.is(sysctl('sysctl net.ipv4.ip_forward=1 net.ipv4.tcp_ecn').length, 2);
});

test('sysctl reads assignments, one a line', (t) => {
  const placed = sysctl('sysctl -p -', '# a comment\n; another\n\n net.ipv4.ip_forward = 1\n-net.ipv4.ports = 1 2\n');
  t.deepEqual(placed[0], {
    command: written('net/ipv4/ip_forward', '1'),
    at: { file: 'up.sh', line: 8, column: 2 },
  });
  t.like(placed[1], { command: { path: 'net/ipv4/ports', value: '1 2', ignoreUnknown: true } });
  t.is(placed.length, 2);
});

test('sysctl refuses', (t) => {
  t.is(refusal(() => sysctl('sysctl'))[0], 'up.sh:1:1: sysctl needs the name of a variable');
  t.is(
    refusal(() => sysctl('sysctl -w net.ipv4.ip_forward'))[0],
    'up.sh:1:11: expected NAME=VALUE, got "net.ipv4.ip_forward"',
  );
  t.is(refusal(() => sysctl('sysctl -w a.b = 1'))[0], 'up.sh:1:11: expected NAME=VALUE, got "a.b"');
  t.is(refusal(() => sysctl('sysctl -a'))[0], "up.sh:1:8: sysctl's option -a is not modelled");
  t.is(refusal(() => sysctl('sysctl -p'))[0], 'up.sh:1:8: the file /etc/sysctl.conf is not modelled');
  t.is(refusal(() => sysctl('sysctl -p x.conf'))[0], 'up.sh:1:11: the file x.conf is not modelled');
  t.is(
    refusal(() => sysctl('sysctl -w net.ipv4.conf.*.rp_filter=0'))[0],
    'up.sh:1:11: a pattern of names (net.ipv4.conf.*.rp_filter) is not modelled',
  );
  t.is(
    refusal(() => sysctl('sysctl /proc/sys/net'))[0],
    'up.sh:1:8: expected the name of a variable, got "/proc/sys/net"',
  );
  t.is(refusal(() => sysctl('sysctl -p -', 'a.b\n'))[0], 'up.sh:5:1: expected NAME=VALUE, got "a.b"');
});
