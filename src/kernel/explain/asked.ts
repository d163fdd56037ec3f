import type { Sandbox } from '../sandbox.ts';
import type { Said } from './decisions.ts';
import type { Visit } from './visits.ts';

/**
 * Asks hosts for the route of packets that have long gone, as nobody could see how they were looked up. It is told with each that it
 * is inferred: routes may have changed since, and a socket may have left the source open that the packet then had.
 */
export async function askRoutes(sandbox: Sandbox, visits: readonly Visit[]): Promise<ReadonlyMap<Visit, Said>> {
  const commands = visits.map(commandOf);
  const script = commands.map(
    (words, index) => `echo "= $(nsenter --net=/run/netns/${visits[index]?.host ?? ''} ${words} 2>&1 | tr '\\n' ' ')"`,
  );
  const said = await sandbox.run('asking for routes', null, ['sh', '-u'], { input: `${script.join('\n')}\n` });
  const answers = said.split('\n').map((line) => line.replace(/^= /, '').replaceAll(/\s+/g, ' ').trim());
  return new Map(
    visits.map((visit, index) => [
      visit,
      { stage: 'route', text: `inferred, asked afterwards: ${commands[index] ?? ''}: ${answers[index] ?? ''}` },
    ]),
  );
}

function commandOf({ crossing, sent, onward, destination, trace }: Visit): string {
  const [address, port] = split((sent ? undefined : onward?.destination) ?? trace?.last.destination ?? destination);
  const source = sent ? (trace?.source ?? crossing?.source) : crossing?.source;
  const mark = trace?.steps.findLast(
    (step) => step.mark !== null && step.hook === (sent ? 'output' : 'prerouting'),
  )?.mark;
  const [from, sourcePort] = split(source ?? '');
  const protocol = crossing?.protocol ?? 'udp';
  return [
    `ip route get ${address}`,
    ...(from === '' ? [] : [`from ${from}`]),
    ...(sent || !crossing ? [] : [`iif ${crossing.interface}`]),
    ...(mark === null || mark === undefined ? [] : [`mark ${mark}`]),
    `ipproto ${protocol}`,
    ...(sourcePort === undefined || port === undefined ? [] : [`sport ${sourcePort} dport ${port}`]),
  ].join(' ');
}

function split(end: string): readonly [address: string, port?: string] {
  const [address = '', port] = end.split(':');
  return port === undefined ? [address] : [address, port];
}
