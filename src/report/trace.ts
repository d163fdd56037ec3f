import picocolors from 'picocolors';
import type { Crossing } from '../backend/crossing.ts';
import type { Trace } from '../scenario/trace.ts';
import type { Reason } from '../scenario/why.ts';
import { meaning, verdictText } from './outcome.ts';
import { printable } from './text.ts';

interface Shown {
  readonly color: boolean;
  /** How a file is named where the reader stands. */
  readonly shortened: (file: string) => string;
}

/** What stands in the column before a decision. */
const stageWidth = 'reverse-path'.length + 2;
const whoseWidth = 'kernel: '.length;

/** A trace for people: hop by hop, and under each host what it decided. */
export function traceText(trace: Trace, shown: Shown): string {
  const { bold, red, green, dim } = picocolors.createColors(shown.color);
  const { call, verdict, candidate, topology, backend, era } = trace;
  const lines = [
    bold(`${call.from} calls ${call.to.host} by ${call.to.interface} under ${printable(candidate)}, in ${topology}`),
    dim(`${backend} backend, Linux ${era}, ${describeCall(call)}`),
    ...(['request', 'reply'] as const).flatMap((packet) => ['', bold(packet), ...wayLines(trace, packet, shown)]),
    '',
    (verdict.cause === null ? green : red)(verdictText(verdict)),
    ...(verdict.cause === null ? [] : [meaning(verdict.cause)]),
  ];
  return `${lines.join('\n')}\n`;
}

function describeCall({ protocol, port, sender }: Trace['call']): string {
  const place = protocol === 'icmp' ? '' : ` port ${port}`;
  return `${protocol.toUpperCase()}${place}${protocol === 'udp' ? `, server ${sender}` : ''}`;
}

function wayLines({ why, ...ways }: Trace, packet: Reason['packet'], { color, shortened }: Shown): readonly string[] {
  const { cyan, dim } = picocolors.createColors(color);
  const path = ways[packet];
  const reasons = why.filter((reason) => reason.packet === packet);
  let current = '';
  const under = (host: string, line: string): readonly string[] => {
    const heading = host === current ? [] : [`  ${cyan(host)}`];
    current = host;
    return [...heading, line];
  };
  const decided = (after: number): readonly string[] =>
    reasons
      .filter((reason) => reason.after === after)
      .flatMap(({ host, stage, text, at, backend }) => {
        const place = at ? dim(`  ${shortened(at.file)}:${at.line}`) : '';
        const whose = backend ? dim(`${backend}: `.padEnd(whoseWidth)) : '';
        return under(host, `    ${dim(stage.padEnd(stageWidth))}${whose}${printable(text)}${place}`);
      });
  const lines = [
    ...decided(0),
    ...path.flatMap((crossing, index) => [...under(crossing.host, crossingLine(crossing)), ...decided(index + 1)]),
  ];
  return path.length > 0 ? lines : [...lines, '  none left'];
}

function crossingLine({ interface: name, direction, source, destination, protocol }: Crossing): string {
  return `  ${direction === 'in' ? '→' : '←'} ${direction} ${name}: ${source} > ${destination} ${protocol}`;
}

/** The same as one JSON document. */
export function traceJson({ call: _, request, reply, ...rest }: Trace): string {
  const { backend, era, topology, candidate, verdict, why } = rest;
  const document = {
    ...{ backend, era, topology, candidate },
    ...{ request: request.map(bare), reply: reply.map(bare), verdict, why },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** What is the same on every backend. */
function bare({ host, interface: name, direction, source, destination, protocol }: Crossing): Partial<Crossing> {
  return { host, interface: name, direction, source, destination, protocol };
}
