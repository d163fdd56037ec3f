import fc from 'fast-check';
import { asRoot } from '../../../kernel/testing.ts';
import { compare, tried } from '../../../kernel/trying-ip.ts';
import { damaged, device, mostly, number, one, phrase, prefix, sample, some, table } from './sample-lines.ts';

asRoot('what ip refuses to show, flush or look up is refused', async (t) => {
  const chosen = [
    phrase(one('table', 't'), mostly(['main', '100', 'all', 'local'], ['mian'])),
    phrase(one('proto', 'p'), mostly(['static', 'kernel', 'all', '4'], ['statik'])),
    phrase(one('scope', 's'), mostly(['link', 'global'], ['everywhere'])),
    phrase(one('type', 'ty'), mostly(['unicast', 'local', 'un'], ['uniform'])),
    phrase(one('dev', 'oif'), one('up0', 'up1')),
    phrase(one('via'), mostly(['10.1.0.1'], ['there'])),
    phrase(one('src'), mostly(['10.1.0.2'], ['here'])),
    phrase(one('root', 'match', 'exact', 'm', 'r', 'to'), prefix),
    phrase(one('metric', 'met'), number),
    phrase(prefix),
  ];
  const asked = [
    phrase(one('from'), mostly(['10.1.0.2'], ['me'])),
    phrase(one('iif'), one('up0', 'lo')),
    phrase(one('oif', 'dev', 'o'), one('up0', 'up1')),
    phrase(one('mark', 'm'), number),
    phrase(one('ipproto', 'ipp'), mostly(['udp', '6'], ['ucp'])),
    phrase(one('sport', 'dport'), mostly(['53', '0x35'], ['dns', '65536'])),
    phrase(one('tos'), mostly(['0x10'], ['500'])),
    phrase(one('uid'), mostly(['0', '1000'], ['root'])),
  ];
  const rules = [
    phrase(one('priority', 'p'), number),
    phrase(one('table', 'lookup', 'l'), table),
    phrase(one('from', 'src', 'f'), prefix),
    phrase(one('to', 'dst'), prefix),
    phrase(one('fwmark'), mostly(['1', '1/3'], ['x'])),
    phrase(one('iif', 'oif'), one('up0', 'tun0')),
  ];
  const addresses = [
    phrase(one('dev'), one('up0', 'up1')),
    phrase(one('to'), prefix),
    phrase(one('scope'), mostly(['link', 'global', 'all'], ['everywhere'])),
    phrase(one('up', 'primary', 'secondary', 'permanent')),
    phrase(one('up0', 'lo')),
  ];
  const line = fc.oneof(
    fc.tuple(one('route', 'r'), one('show', 'list', 's', 'l', 'flush', 'f', 'lst'), some(chosen, 3)),
    fc.tuple(
      one('route', 'ro'),
      one('get', 'g'),
      prefix.map((word) => [word]),
      some(asked, 3),
    ),
    fc.tuple(one('rule'), one('show', 'list', 's', 'flush', 'f'), some(rules, 2)),
    fc.tuple(one('address', 'a', 'addr'), one('show', 'list', 's', 'flush'), some(addresses, 2)),
    fc.tuple(one('link', 'l'), one('show', 'list', 'sh'), some([phrase(one('up')), phrase(one('dev'), device)], 2)),
    fc.tuple(one('neighbour', 'n', 'neigh', 'neighbor'), one('show', 'flush'), some([phrase(one('dev'), device)], 1)),
  );
  const lines = sample(damaged(line.map((parts) => parts.flat())), 500);
  compare(t, await tried(t, lines, 'rule show'), (command, _added, _removed, line) => {
    t.true('action' in command, line);
    if ('action' in command) t.regex(command.action, /^(?:show|flush|flush-cache|get)$/, line);
  });
});
