import fc from 'fast-check';
import { asRoot } from '../../../kernel/testing.ts';
import { compare, tried } from '../../../kernel/trying-ip.ts';
import { damaged, device, mostly, one, phrase, sample, some } from './sample-lines.ts';

const hardware = mostly(['02:00:00:00:00:09', '2:0:0:0:0:A'], ['02:00:00:00:00', 'mac']);
const settings = [
  phrase(one('up', 'down')),
  phrase(one('mtu'), mostly(['1400', '0x500'], ['big', '-1'])),
  phrase(one('txqueuelen', 'qlen', 'txq'), mostly(['100'], ['long'])),
  phrase(one('address', 'addr'), hardware),
  phrase(one('multicast', 'promisc', 'allmulticast'), mostly(['on', 'off'], ['yes'])),
  phrase(one('alias', 'al'), one('uplink')),
  phrase(one('nomaster', 'nom')),
];
const link = fc.oneof(
  fc.tuple(one('set', 's', 'change'), fc.oneof(phrase(one('up1')), phrase(one('dev'), device)), some(settings, 3)),
  fc.tuple(
    one('add', 'a'),
    fc.oneof(phrase(one('veth0')), phrase(one('dev', 'name'), mostly(['veth0'], ['sixteen-letters-', 'a/b']))),
    some(settings.slice(0, 4), 2),
    phrase(one('type', 'ty'), mostly(['veth'], ['veht'])),
    fc.oneof(phrase(one('peer'), one('veth1')), phrase(one('peer'), one('name'), one('veth1')), fc.constant([])),
  ),
);

const neighbour = fc.tuple(
  one('add', 'replace', 'change', 'del', 'rep', 'chg'),
  fc.oneof(
    phrase(mostly(['10.1.0.7', '10.1.0.8'], ['10.1.0.256', 'there'])),
    phrase(one('to'), mostly(['10.1.0.7'], ['10.1.0.0/24'])),
  ),
  some(
    [
      phrase(one('lladdr', 'll'), hardware),
      phrase(one('nud'), mostly(['permanent', 'stale', 'perm', 'reachable'], ['dead'])),
    ],
    2,
  ),
  phrase(one('dev'), one('up0')),
);

const nexthop = fc.tuple(
  one('add', 'replace', 'a'),
  phrase(one('id'), mostly(['7', '0x8'], ['one', '-1'])),
  fc.oneof(
    phrase(one('via'), mostly(['10.1.0.1'], ['there', '10.1.0.256']), one('dev'), one('up0')),
    phrase(one('dev'), one('up0')),
    phrase(one('blackhole')),
    phrase(one('group'), mostly(['1', '1,5', '0x1,256'], ['1,0', '1,257', 'x', '1/', '1,'])),
  ),
  some([phrase(one('onlink')), phrase(one('proto', 'protocol'), mostly(['static', '7'], ['statik']))], 1),
);

const line = fc.oneof(
  link.map((parts) => ['link', ...parts.flat()]),
  neighbour.map((parts) => ['neighbour', ...parts.flat()]),
  nexthop.map((parts) => ['nexthop', ...parts.flat()]),
);

asRoot('what ip refuses of links, neighbours and nexthops is refused', async (t) => {
  compare(t, await tried(t, sample(damaged(line), 500), 'link show'), (command, _added, _removed, said) => {
    t.true(said.startsWith(`ip ${command.object} `), said);
  });
});
