/** The candidate's scripts in virtual time: beside each other, and beside what they see of the network. */
import test from 'ava';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import type { Interleaving, Lab } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import { modelBackend } from './lab.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function candidate(scripts: Readonly<Record<string, string>>): Candidate {
  const lineScripts = { up: '/c/ip-up', down: '/c/ip-down' };
  const sources = { '/c/up.sh': '', '/c/ip-up': '', '/c/ip-down': '', ...scripts };
  return { name: 'test', title: '', lesson: '', script: '/c/up.sh', lineScripts, sources };
}

async function deployed(scripts: Readonly<Record<string, string>>): Promise<Lab> {
  const lab = await modelBackend({ release: '6.18.0', turn }).open(homeGateway(), {
    ...{ profile: 'kernel', seed: 1, tunnels: {}, directory: '', label: 'scripts' },
  });
  await lab.apply(candidate(scripts));
  return lab;
}

const line1 = { host: 'server', interface: 'ppp0' } as const;
const line2 = { host: 'server', interface: 'ppp1' } as const;
const way = (lab: Lab): Promise<string> => lab.route('server', '198.18.0.1');

test('a script that waits takes as long, and what it leaves behind goes on', async (t) => {
  const lab = await deployed({
    '/c/up.sh': 'sleep 2; { sleep 3; ip route add default dev ppp1; } & ip route add 198.18.0.0/19 dev ppp0',
  });
  t.is(Math.round(lab.now() * 1000), 2000);
  t.is(await way(lab), 'ppp0');
  await t.throwsAsync(lab.route('server', '192.0.2.5'), { instanceOf: LabError });
  await lab.evidence();
  await lab.apply(candidate({ '/c/up.sh': 'sleep 3' }));
  t.is(await lab.route('server', '192.0.2.5'), 'ppp1');
});

test('a script runs others that lie beside it, with what is exported', async (t) => {
  const lab = await deployed({
    '/c/up.sh': 'export X=ppp1; Y=eth2; Z=ppp0 "${0%/*}/other" 198.18.0.0/19',
    '/c/other': '#!/bin/sh -u\n. "${0%/*}/common"\nroute "$1" "$X"\nroute 192.0.2.0/24 "$Z"; route 192.0.3.0/24 "$Y"',
    '/c/common': 'route() { ip route add "$1" dev "$2"; }',
  }).catch((error: unknown) => error);
  t.true(lab instanceof LabError, 'Y is not exported');
  t.regex(String(lab), /\/c\/up.sh failed with status 2: .*Y: parameter not set/s);
});

test('a line has its script run when it has gone, and when it is back', async (t) => {
  const lab = await deployed({
    '/c/ip-up':
      'if [ "$1 $4 $5" = "ppp1 203.0.114.99 203.0.114.1" ]; then ip route add default via "$5" dev "$1"; fi\n',
    '/c/ip-down':
      'if [ "$1 $4" = "ppp1 203.0.114.77" ] && ! ip link show ppp1; then ip route add 198.18.0.0/19 dev eth2; fi\n',
  });
  await lab.inflict({ ...line2, kind: 'vanish' });
  t.is(await way(lab), 'eth2');
  await lab.inflict({ ...line2, kind: 'return', address: '203.0.114.99' });
  t.is(await lab.route('server', '192.0.2.5'), 'ppp1');
});

test('scripts of two lines wait for each other at a lock', async (t) => {
  const lab = await deployed({ '/c/ip-down': 'exec 9>/run/lock\nflock 9\nsleep 1' });
  const before = lab.now();
  await Promise.all([lab.inflict({ ...line1, kind: 'vanish' }), lab.inflict({ ...line2, kind: 'vanish' })]);
  t.is(Math.round((lab.now() - before) * 1000), 2000);
});

test('ip monitor says what befalls a link, until it is gone', async (t) => {
  const lab = await deployed({
    '/c/up.sh': `mkfifo /run/news
      ip monitor link dev ppp0 >/run/news &
      exec 8</run/news
      ip link set ppp1 down
      ip link set ppp0 down
      read -r line <&8
      case $line in *ppp0*DOWN*) ip route add 198.18.0.0/19 dev eth2 ;; esac
      read -r line <&8
      ip link delete ppp0
      while read -r line <&8; do case $line in Deleted*ppp0*) break ;; esac; done
      ip route add 192.0.2.0/24 dev eth2
      kill $!`,
  });
  t.is(await way(lab), 'eth2');
  t.is(await lab.route('server', '192.0.2.5'), 'eth2');
});

test('fping asks through the network, by the line it is bound to', async (t) => {
  const asks = (line: string): string => `if fping -q -I ${line} -r 2 -B 1 -t 150 198.51.100.1; then ip route add`;
  const routes = 'ip route add default via 203.0.113.1 dev ppp0; ip rule add oif ppp1 table 102\n';
  const lab = await deployed({
    '/c/up.sh': `${routes}${asks('ppp0')} 198.18.0.0/19 dev eth2; fi`,
    '/c/ip-down': `${asks('ppp1')} 192.0.2.0/24 dev eth2; fi; ${asks('ppp0')} 192.0.3.0/24 dev eth2; fi`,
  });
  t.is(await way(lab), 'eth2', 'the first line answers');
  t.true(lab.now() < 0.1);
  await lab.inflict({ kind: 'silence', host: 'isp1' });
  const before = lab.now();
  await lab.inflict({ ...line2, kind: 'vanish' });
  t.is(
    Math.round((lab.now() - before) * 1000),
    450,
    'three times 150 ms for the silent one, nothing for the one that is gone',
  );
  t.is(await lab.route('server', '192.0.2.5'), 'ppp0');
  t.is(await lab.route('server', '192.0.3.5'), 'ppp0');
});

test('what a script does not come to its end with, and what it says wrongly, is an error with its place', async (t) => {
  const message = async (script: string, others: Readonly<Record<string, string>> = {}): Promise<string> => {
    const error = await t.throwsAsync(deployed({ '/c/up.sh': script, ...others }), { instanceOf: LabError });
    t.is(error.code, 'lab-failed');
    return error.message;
  };
  t.regex(
    await message('{ sleep 1; nosuch; } & sleep 2'),
    /^the model can't carry this out: \/c\/up.sh:1:12: the command/,
  );
  t.regex(await message('sleep 1\nip monitor route'), /\/c\/up.sh:2:12: ip monitor route is not modelled/);
  t.regex(await message('sleep long'), /\/c\/up.sh:1:7: expected a time such as 0.5 or 5m, got "long"/);
  t.regex(await message("awk 'BEGIN { x }'"), /\/c\/up.sh:1:5: awk BEGIN \{ x \} is not modelled/);
  t.regex(await message('/c/other', { '/c/other': '#!/usr/bin/python3\n' }), /\/c\/other:1:1: this is no script of sh/);
  t.regex(await message('mkfifo /run/p; read -r x </run/p'), /nothing more happens/);
  // What came of an expansion is the tool's to refuse, and what comes of that the script's.
  t.regex(
    await message('gw=\nip route add default via "$gw" dev ppp0'),
    /failed with status 1: Error: \/c\/up.sh:2:26/,
  );
  t.regex(
    await message('ip route add default via "" dev ppp0'),
    /can't carry this out: \/c\/up.sh:1:26: expected an IPv4/,
  );
});

/** Both scripts read a number and write it back, one more; as the kernel's tests have it. */
const count = (locked: boolean): string => `
${locked ? 'exec 9>/run/count.lock\nflock 9' : ''}
metric=$(ip route show 198.18.0.0/19 | awk '{ print $NF }')
ip route flush 198.18.0.0/19
ip route add 198.18.0.0/19 dev eth2 metric $((\${metric:-0} + 1))
ip route replace default dev "$([ "$metric" ] && echo eth1 || echo eth0)"
`;
const both = { before: [], changes: ['ppp0', 'ppp1'] };

test('scripts take turns as they are told, to the command', async (t) => {
  const lab = await deployed({ '/c/ip-up': count(false) });
  const first: Interleaving = { ...both, turns: Array<number>(40).fill(0) };
  const inTurn = { ...both, turns: [0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0] };
  const results = await lab.interleave([first, inTurn, first]);
  t.deepEqual(
    results.map(({ turns }) => turns.join(' ')),
    ['+0 0 0 0 0 +1 1 1 1 1', '+0 +1 0 1 0 1 0 1 0 1', '+0 0 0 0 0 +1 1 1 1 1'],
  );
  t.deepEqual(results[0]?.nexthops, ['eth1'], 'the second reads what the first has written');
  t.deepEqual(results[2], results[0]);
});

test('a script waits for a lock without stopping the others', async (t) => {
  const lab = await deployed({ '/c/ip-up': count(true) });
  const [result] = await lab.interleave([{ ...both, turns: [0, 1, 0, 1] }]);
  const own = result?.turns.filter((move) => move === '1') ?? [];
  t.true(own.length > 5, 'it has tried the lock more than once');
  t.deepEqual(result?.nexthops, ['eth1']);
});

test('a line that goes has its script run beside the loss of its interface', async (t) => {
  const lab = await deployed({
    '/c/ip-down':
      'if ip link show "$1" >/dev/null 2>&1; then ip route replace default dev eth1; else ip route replace default dev eth2; fi',
  });
  const goes = { before: ['ppp0'], changes: ['ppp0'] };
  const results = await lab.interleave([
    { ...goes, turns: [0, 0, 0, 0] },
    { ...goes, turns: [0, 1, 0, 0] },
  ]);
  t.deepEqual(
    results.map(({ turns, nexthops }) => [turns.join(' '), ...nexthops]),
    [
      ['+0 0 0 -0', 'eth1'],
      ['+0 -0 0 0', 'eth2'],
    ],
  );
});

test('a script that never ends is an error', async (t) => {
  const lab = await deployed({});
  const endless = candidate({ '/c/up.sh': 'while :; do sleep 1; done' });
  await t.throwsAsync(lab.apply(endless), { instanceOf: LabError, message: '/c/up.sh has not ended after 120 s' });
  await t.throwsAsync(lab.run('server', 'sleep 200'), { message: /^a script for server has not ended after 120 s/ });
});
