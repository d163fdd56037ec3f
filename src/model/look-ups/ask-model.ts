import { readIp } from '../../candidate/commands/ip/read.ts';
import type { Topology } from '../../topology/topology.ts';
import { eraOf } from '../era.ts';
import { applyIp } from '../machine/apply-ip.ts';
import { buildNetwork } from '../network.ts';
import { decision, isLookUp, type Session } from './sessions.ts';

const alone: Topology = {
  name: 'alone',
  title: 'One host',
  hosts: [{ name: 'server', forwarding: true, routes: [] }],
  links: [],
  server: { host: 'server', uplinks: [] },
};

/**
 * What the model answers to each line of a session: `done`, what was decided (see `decision`), or the reason why not, as
 * `refused: Network is unreachable`.
 */
export function askModel({ sysctls, lines }: Session, release: string): readonly string[] {
  const network = buildNetwork(alone, {
    era: eraOf(release),
    seed: 1,
    record: () => undefined,
    trailOf: null,
    delay: 0,
  });
  const host = network.hosts.get('server');
  if (!host) throw new Error('no server');
  for (const [name, value] of sysctls) host.sysctls.write(name, value);
  return lines.map((line) => {
    if (line === '') return 'done';
    const at = { file: 'line', line: 1, column: 1 };
    const words = ['ip', '-oneline', ...line.split(' ')].map((text) => ({ text, at }));
    const [placed] = readIp(words, null);
    if (!placed) throw new Error(`nothing read in ${line}`);
    const { status, stdout, stderr } = applyIp(network, host, placed, true);
    if (!isLookUp(line)) return status === 0 ? 'done' : 'refused';
    return status === 0 ? decision(stdout) : `refused: ${stderr.trim().replace('RTNETLINK answers: ', '')}`;
  });
}
