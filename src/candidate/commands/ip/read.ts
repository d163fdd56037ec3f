import { cursorOver, took, type Cursor } from '../cursor.ts';
import { refuse, notModelled } from '../refusal.ts';
import type { Input } from '../input.ts';
import type { IpCommand, Output, Placed } from '../ip.ts';
import { keywordFor, namesOf, says, takes, unknown, unmodelled } from '../keyword.ts';
import type { Word } from '../word.ts';
import { linesOfBatch } from './batch.ts';
import { objects } from './objects.ts';
import type { TableNames } from './names.ts';

export interface IpOptions {
  /** Names of routing tables besides local, main and default: /etc/iproute2/rt_tables. */
  readonly tables?: TableNames;
}

interface Options {
  output: Output;
  batch: Word | null;
}
const set = (options: Options, by: Partial<Output>): void => {
  options.output = { ...options.output, ...by };
};

// In iproute2's order (ip/ip.c): `-b` is -batch, `-br` is -brief.
const among = [
  ...unmodelled('-loops*'),
  ...takes<Options>('-family*', (options, word) => {
    if (word.text !== 'inet') notModelled(word.at, `the family ${word.text}`, 'the model routes IPv4');
    set(options, { inet: true });
  }),
  ...says<Options>('-4', (options) => set(options, { inet: true })),
  ...unmodelled('-6', 'the model routes IPv4'),
  ...unmodelled('-0 -M -B -human* -human-readable* -iec* -stats* -statistics*'),
  ...says<Options>('-details*', (options) => set(options, { details: true })),
  ...unmodelled('-resolve*'),
  ...says<Options>('-oneline*', (options) => set(options, { oneline: true })),
  ...unmodelled('-timestamp* -tshort* -Version*'),
  ...unmodelled('-force*', 'a batch ends at its first failure'),
  ...takes<Options>('-batch*', (options, word) => (options.batch = word)),
  ...says<Options>('-brief*', (options) => set(options, { brief: true })),
  ...says<Options>('-json*', (options) => set(options, { json: true })),
  ...says<Options>('-pretty*', (options) => set(options, { pretty: true })),
  ...unmodelled('-rcvbuf*'),
  ...says<Options>('-color=never -c=never', () => undefined),
  ...unmodelled('-color*'),
  ...unmodelled('-help*'),
  ...unmodelled('-netns*', 'a candidate has one host'),
  ...unmodelled('-Numeric* -all* -echo'),
];

/**
 * Reads a command line of `ip`; with `-batch -`, each line of its input.
 *
 * @param words `ip` and what follows it
 * @param input what the command reads, if anything
 * @throws LabError 'invalid' for what `ip` would not take, and for what has no place in the model
 */
export function readIp(
  words: readonly Word[],
  input: Input | null,
  { tables = new Map() }: IpOptions = {},
): readonly Placed<IpCommand>[] {
  const cursor = cursorOver(words);
  const ip = cursor.next();
  if (!ip) throw new RangeError('a command has a name');
  cursor.take(ip);
  const { output, batch } = readOptions(cursor, ip);
  if (!batch) return [readCommand(cursor, ip, output, tables)];
  if (batch.text !== '-') notModelled(batch.at, `the file ${batch.text}`, 'ip -batch - reads a here-document');
  if (!input) return refuse(batch.at, 'ip -batch - has nothing to read', 'give it a here-document');
  return [...linesOfBatch(input)].map((line) => readCommand(cursorOver(line), line[0] ?? ip, output, tables));
}

function readOptions(words: Cursor, ip: Word): Options {
  const options: Options = {
    output: { json: false, pretty: false, oneline: false, brief: false, details: false, inet: false },
    batch: null,
  };
  for (let word = words.next(); word?.text.startsWith('-'); word = words.next()) {
    if (took(words, '--')) break;
    // GNU's two dashes are as good as one.
    const option = { ...word, text: word.text.replace(/^--/, '-') };
    const found = keywordFor(option, among) ?? unknown(option, 'an option of ip', namesOf(among));
    words.take(ip);
    found.read(options, words, option);
  }
  return options;
}

/** Reads a command from its object on; `begin` is its first word. */
function readCommand(words: Cursor, begin: Word, output: Output, tables: TableNames): Placed<IpCommand> {
  const word = words.next();
  if (!word) return refuse(begin.at, 'ip needs an object, such as route');
  const object = keywordFor(word, objects) ?? unknown(word, 'an object of ip', namesOf(objects));
  return { command: object.read(words, words.take(word), output, tables), at: begin.at };
}
