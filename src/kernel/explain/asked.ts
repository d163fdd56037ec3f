import type { Sandbox } from '../sandbox.ts';
import type { Said } from './decisions.ts';
import type { Step } from './rule-trace-lines.ts';
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
  const mark = markOf(trace?.steps ?? [], sent ? 'output' : 'prerouting');
  const [from, sourcePort] = split(source ?? '');
  const protocol = crossing?.protocol ?? 'udp';
  return [
    `ip route get ${address}`,
    ...(from === '' ? [] : [`from ${from}`]),
    ...(sent || !crossing ? [] : [`iif ${crossing.interface}`]),
    ...(mark === undefined ? [] : [`mark ${mark}`]),
    `ipproto ${protocol}`,
    ...(sourcePort === undefined || port === undefined ? [] : [`sport ${sourcePort} dport ${port}`]),
  ].join(' ');
}

/** The mark that a packet was routed by. It is told at the end of a chain, but not by a rule that accepts: then a later chain tells. */
function markOf(steps: readonly Step[], hook: string): string | undefined {
  const marked = steps.filter(({ mark }) => mark !== null);
  return (marked.findLast((step) => step.hook === hook) ?? marked[0])?.mark ?? undefined;
}

function split(end: string): readonly [address: string, port?: string] {
  const [address = '', port] = end.split(':');
  return port === undefined ? [address] : [address, port];
}
