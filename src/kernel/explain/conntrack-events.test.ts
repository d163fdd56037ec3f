import test from 'ava';
import { readTrackEvent } from './conntrack-events.ts';

test('a new connection, as it goes and as its answers come', (t) => {
  const line =
    '    [NEW] tcp      6 120 SYN_SENT src=198.51.100.10 dst=203.0.113.2 sport=40000 dport=8080 [UNREPLIED] src=192.168.2.100 dst=198.51.100.10 sport=80 dport=40000 mark=1 id=3795583596';
  t.deepEqual(readTrackEvent(line), {
    ...{ kind: 'NEW', id: '3795583596', unreplied: true },
    original: { source: '198.51.100.10:40000', destination: '203.0.113.2:8080' },
    reply: { source: '192.168.2.100:80', destination: '198.51.100.10:40000' },
    text: '[NEW] tcp 6 120 SYN_SENT src=198.51.100.10 dst=203.0.113.2 sport=40000 dport=8080 [UNREPLIED] src=192.168.2.100 dst=198.51.100.10 sport=80 dport=40000 mark=1',
  });
});

test('ICMP, which has no ports and an identifier of its own', (t) => {
  const line =
    ' [UPDATE] icmp     1 30 src=127.0.0.1 dst=127.0.0.2 type=8 code=0 id=9947 src=127.0.0.2 dst=127.0.0.1 type=0 code=0 id=9947 id=2725833724';
  const event = readTrackEvent(line);
  t.like(event, { kind: 'UPDATE', id: '2725833724', unreplied: false });
  t.deepEqual(event?.original, { source: '127.0.0.1', destination: '127.0.0.2' });
  t.true(event?.text.endsWith('code=0 id=9947'));
});

test('one that somebody deleted', (t) => {
  const line =
    '[DESTROY] udp      17 59 src=192.0.2.254 dst=192.0.2.255 sport=9 dport=9 [UNREPLIED] src=192.0.2.255 dst=192.0.2.254 sport=9 dport=9 id=2178070088 [USERSPACE] portid=4183715514';
  t.like(readTrackEvent(line), { kind: 'DESTROY', id: '2178070088' });
});

for (const line of ['', 'conntrack v1.4.7 (conntrack-tools): 4 flow events have been shown.', '    [NEW] udp 17 30']) {
  test(`'${line}' is none`, (t) => t.is(readTrackEvent(line), null));
}
