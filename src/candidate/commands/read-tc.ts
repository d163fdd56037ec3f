import { cursorOver, type Cursor } from './cursor.ts';
import { refuse, notModelled } from './refusal.ts';
import { keywordFor, keywords, namesOf, nothingLeft, readWords, says, takes, unknown, unmodelled } from './keyword.ts';
import type { Keyword } from './keyword.ts';
import type { Mutable } from './mutable.ts';
import { fraction, rate, seconds, size } from './tc-units.ts';
import type { Shape, TcCommand } from './tc.ts';
import type { Word } from './word.ts';

interface Place {
  device?: string;
  /** `root`, or the handle of a class or qdisc. */
  parent?: string;
  id?: string;
  kind?: Word;
}

const isHandle = (word: Word): string => {
  if (/^[0-9a-f]{1,4}:[0-9a-f]{0,4}$/i.test(word.text)) return word.text.toLowerCase();
  return refuse(word.at, `expected a handle such as 1: or 1:10, got ${JSON.stringify(word.text)}`);
};

const placing = [
  ...takes<Place>('dev', (place, word) => (place.device = word.text)),
  ...says<Place>('root', (place) => (place.parent = 'root')),
  ...takes<Place>('parent', (place, word) => (place.parent = isHandle(word))),
  ...takes<Place>('handle classid', (place, word) => (place.id = isHandle(word))),
  ...unmodelled('ingress clsact', 'only what leaves by a link is shaped'),
  ...unmodelled('estimator* stab* ingress_block* egress_block*'),
];

/**
 * Reads a command line of `tc` that shapes links. One that could send packets elsewhere (`mirred`, any other action, what comes in
 * by a link) has no place in the model.
 *
 * @throws LabError 'invalid' for what tc would not take, and for what has no place in the model
 */
export function readTc(words: readonly Word[]): TcCommand {
  const cursor = cursorOver(words);
  const tc = cursor.next();
  if (!tc) throw new RangeError('a command has a name');
  cursor.take(tc);
  const option = cursor.next();
  if (option?.text.startsWith('-')) notModelled(option.at, `tc's option ${option.text}`);
  const object = cursor.take(tc);
  const read = keywordFor(object, objects)?.read ?? unknown(object, 'an object of tc', namesOf(objects));
  const verb = cursor.next();
  const found =
    verb && (keywordFor(verb, verbs) ?? unknown(verb, `something that tc ${object.text} does`, namesOf(verbs)));
  if (verb) cursor.take(verb);
  return read(found?.what ?? 'show', cursor, verb ?? object);
}

type What = 'add' | 'delete' | 'show';
type Read = (what: What, words: Cursor, verb: Word) => TcCommand;

const verbs: readonly { readonly name: string; readonly short: boolean; readonly what: What }[] = [
  { name: 'add', short: true, what: 'add' },
  { name: 'change', short: true, what: 'add' },
  { name: 'replace', short: true, what: 'add' },
  { name: 'link', short: true, what: 'add' },
  { name: 'delete', short: true, what: 'delete' },
  { name: 'list', short: true, what: 'show' },
  { name: 'show', short: true, what: 'show' },
  { name: 'lst', short: true, what: 'show' },
];

const objects: readonly { readonly name: string; readonly short: boolean; readonly read: Read }[] = [
  { name: 'qdisc', short: true, read: readQdisc },
  { name: 'class', short: true, read: readClass },
  { name: 'filter', short: true, read: readFilter },
];

/** Reads where it is to be, up to the kind of thing that it is. */
function placeOf(words: Cursor, verb: Word): Place {
  const place: Place = {};
  const untilKind: Cursor = { next: () => (place.kind ? undefined : words.next()), take: words.take };
  readWords(untilKind, place, placing, (_place, left, word) => (place.kind = left.take(word)));
  if (place.device === '') refuse(verb.at, 'a device has a name');
  return place;
}

function readQdisc(what: What, words: Cursor, verb: Word): TcCommand {
  const { device, parent, kind } = placeOf(words, verb);
  if (what === 'show') return { action: 'show', device: device ?? null };
  if (device === undefined) return refuse(verb.at, 'tc qdisc needs a device: dev NAME');
  if (parent === undefined) return refuse(verb.at, 'tc qdisc needs a place: root, or parent HANDLE');
  if (what === 'delete') {
    while (words.next()) words.take(verb);
    return parent === 'root' ? { action: 'unshape', device } : { action: 'no-bearing', device };
  }
  if (!kind) return refuse(verb.at, 'tc qdisc needs a kind, such as tbf');
  const shape = shapeOf(kind, words);
  if (shape && parent !== 'root') notModelled(kind.at, `${kind.text} below another`, 'it goes at the root');
  return shape ? { action: 'shape', device, shape } : { action: 'no-bearing', device };
}

type Draft = Mutable<Shape>;
interface TokenBucket extends Draft {
  burst: boolean;
  limit: boolean;
}

const tokenBucket: readonly Keyword<TokenBucket>[] = [
  ...takes<TokenBucket>('limit*', (shape, word) => (shape.limit = size(word) >= 0)),
  ...takes<TokenBucket>('latency*', (shape, word) => (shape.limit = seconds(word) >= 0)),
  ...takes<TokenBucket>('burst* buffer maxburst', (shape, word) => (shape.burst = size(word) >= 0)),
  ...takes<TokenBucket>('mtu minburst mpu', (_shape, word) => size(word)),
  ...takes<TokenBucket>('rate', (shape, word) => (shape.rate = rate(word))),
  ...unmodelled('peakrate* overhead* linklayer*'),
];

const emulator: readonly Keyword<Draft>[] = [
  ...takes<Draft>('limit*', (_shape, word) => size(word)),
  ...takes<Draft>('latency* delay*', (shape, word) => (shape.delay = seconds(word))),
  ...keywords<Draft>('loss* drop*', (shape, words, loss) => {
    const word = words.take(loss);
    shape.loss = fraction(word.text === 'random' ? words.take(loss) : word);
  }),
  ...unmodelled('ecn* reorder* corrupt* gap* duplicate* distribution*'),
  ...takes<Draft>('rate*', (shape, word) => (shape.rate = rate(word))),
  ...unmodelled('slot*'),
];

/** Those that only order what waits, with their options that have an argument. */
const ordering: Readonly<Record<string, string>> = {
  fq_codel: 'limit flows target interval quantum ce_threshold memory_limit drop_batch',
  codel: 'limit target interval ce_threshold',
  fq: 'limit flow_limit quantum initial_quantum maxrate buckets orphan_mask refill_delay low_rate_threshold',
  sfq: 'limit perturb quantum depth divisor flows redundancy',
  pfifo: 'limit',
  bfifo: 'limit',
  pfifo_fast: '',
  noqueue: '',
  prio: 'bands',
  htb: 'default r2q debug direct_qlen',
};

/** How the link is shaped then; null: not at all. */
function shapeOf(kind: Word, words: Cursor): Shape | null {
  const open: Shape = { rate: null, delay: null, loss: null };
  const garbage = (_shape: unknown, _words: Cursor, word: Word): void => {
    notModelled(word.at, `${kind.text}'s ${word.text}`);
  };
  if (kind.text === 'tbf') {
    const draft: TokenBucket = { ...open, burst: false, limit: false };
    readWords(words, draft, tokenBucket, garbage);
    if (draft.rate === null || !draft.burst || !draft.limit) {
      refuse(kind.at, 'tbf needs rate, burst, and latency or limit', 'for example: rate 8mbit burst 32kb latency 50ms');
    }
    return { ...open, rate: draft.rate };
  }
  if (kind.text === 'netem') {
    const draft: Draft = { ...open };
    readWords(words, draft, emulator, garbage);
    return draft;
  }
  const options = ordering[kind.text];
  if (options === undefined)
    return notModelled(kind.at, `the qdisc ${kind.text}`, `there are tbf, netem, ${Object.keys(ordering).join(', ')}`);
  const flags = says('ecn noecn headdrop ecn nopacing pacing', () => undefined);
  readWords(words, null, [...(options === '' ? [] : takes(options, () => undefined)), ...flags], garbage);
  return null;
}

interface ClassDraft {
  rate?: number;
  ceiling?: number;
}

const htb: readonly Keyword<ClassDraft>[] = [
  ...takes<ClassDraft>('prio* mtu* mpu* quantum* burst* buffer maxburst cburst* cbuffer cmaxburst', (_class, word) =>
    size(word),
  ),
  ...unmodelled('overhead* linklayer*'),
  ...takes<ClassDraft>('ceil', (draft, word) => (draft.ceiling = rate(word))),
  ...takes<ClassDraft>('rate', (draft, word) => (draft.rate = rate(word))),
];

function readClass(what: What, words: Cursor, verb: Word): TcCommand {
  const { device, parent, id, kind } = placeOf(words, verb);
  if (what === 'show') return { action: 'show', device: device ?? null };
  if (device === undefined) return refuse(verb.at, 'tc class needs a device: dev NAME');
  if (what === 'delete') return { action: 'no-bearing', device };
  if (parent === undefined || id === undefined) return refuse(verb.at, 'tc class needs parent HANDLE classid HANDLE');
  if (kind?.text !== 'htb')
    return notModelled((kind ?? verb).at, `a class of ${kind?.text ?? 'no kind'}`, 'there is htb');
  const draft: ClassDraft = {};
  readWords(words, draft, htb, (_class, _words, word) => notModelled(word.at, `htb's ${word.text}`));
  if (draft.rate === undefined) return refuse(kind.at, 'a class of htb needs a rate');
  return { action: 'class', device, class: { id, parent, rate: draft.rate, ceiling: draft.ceiling ?? draft.rate } };
}

/** What may come behind the conditions of a filter. */
const afterMatch = new Set('match flowid classid action police link offset ht hashkey divisor indev'.split(' '));

function readFilter(what: What, words: Cursor, verb: Word): TcCommand {
  const place: Place = {};
  const filtering = [
    ...placing.filter(({ name }) => name !== 'handle' && name !== 'classid'),
    ...takes<Place>('protocol', () => undefined),
    ...takes<Place>('preference* prio* priority* handle', () => undefined),
    ...says<Place>('u32 fw', (_place, word) => (place.kind = word)),
    ...keywords<Place>('match', (_place, left, match) => {
      // `ip dport 80 0xffff`, `u32 VALUE MASK at OFFSET`, `mark VALUE MASK`: what is sorted has no bearing either.
      left.take(match);
      for (let word = left.next(); word && !afterMatch.has(word.text); word = left.next()) left.take(word);
    }),
    ...takes<Place>('flowid classid', (sorter, word) => (sorter.id = isHandle(word))),
  ];
  readWords(words, place, filtering, (_place, _words, word) => {
    notModelled(word.at, `a filter's ${word.text}`, 'filters of kind u32 and fw sort into classes: flowid HANDLE');
  });
  nothingLeft(words);
  const { device } = place;
  if (what === 'show') return { action: 'show', device: device ?? null };
  if (device === undefined) return refuse(verb.at, 'tc filter needs a device: dev NAME');
  if (what === 'add' && !(place.kind && place.id))
    refuse(verb.at, 'tc filter needs a kind, u32 or fw, and flowid HANDLE');
  return { action: 'no-bearing', device };
}
