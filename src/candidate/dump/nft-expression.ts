import { notModelled } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';
import { countOf, expected, itemsOf, membersOf, textOf, wordOf, type Json } from './json.ts';
import { bare, joined, quoted, say, tagged, type Part } from './nft-text.ts';

/** An expression in nft's language, and what each part of its value is. */
export interface Said {
  readonly words: readonly Word[];
  readonly parts: readonly Part[];
}

const operators = ['|', '^', '&', '<<', '>>'];
const interfaceKeys = ['iif', 'oif', 'iifname', 'oifname'];

/**
 * An expression that is no constant: a field, a number that is made, what a map has for it.
 *
 * @throws LabError 'invalid' for one that isn't modelled
 */
export function expression(json: Json): Said {
  const { key, keyAt, value } = tagged(json, 'an expression');
  const other = (words: readonly Word[]): Said => ({ words, parts: ['other'] });
  switch (key) {
    case 'payload': {
      const members = membersOf(value, 'a payload');
      if (members.take('base')) return notModelled(keyAt, 'a field by its place in the header');
      const words = [bare(members.need('protocol'), 'a header'), bare(members.need('field'), 'a field')];
      members.rest(new Set());
      return other(words);
    }
    case 'meta': {
      const members = membersOf(value, 'a meta expression');
      const name = bare(members.need('key'), 'a key');
      members.rest(new Set());
      return { words: [...say(keyAt, 'meta'), name], parts: [interfaceKeys.includes(name.text) ? 'name' : 'other'] };
    }
    case 'ct': {
      const members = membersOf(value, 'a ct expression');
      const words = (name: string): readonly Word[] => {
        const said = members.take(name);
        return said ? say(said.at, textOf(said, `the ${name} of a ct expression`)) : [];
      };
      const all = [...say(keyAt, 'ct'), ...words('dir'), ...words('family'), ...words('key')];
      members.rest(new Set());
      return other(all);
    }
    case 'fib':
      return fib(value);
    case 'socket': {
      const members = membersOf(value, 'a socket expression');
      const words = [...say(keyAt, 'socket'), bare(members.need('key'), 'a key')];
      members.rest(new Set());
      return other(words);
    }
    case 'numgen': {
      const members = membersOf(value, 'a numgen expression');
      const mode = bare(members.need('mode'), 'how numbers are generated');
      const modulus = wordOf(members.need('mod'), 'a modulus');
      const offset = offsetOf(members.take('offset'));
      members.rest(new Set());
      return other([...say(keyAt, 'numgen'), mode, ...say(keyAt, 'mod'), modulus, ...offset]);
    }
    case 'jhash': {
      const members = membersOf(value, 'a jhash expression');
      const of = expression(members.need('expr'));
      const modulus = wordOf(members.need('mod'), 'a modulus');
      const seed = members.take('seed');
      const seeded = seed ? [...say(seed.at, 'seed'), wordOf(seed, 'a seed')] : [];
      const offset = offsetOf(members.take('offset'));
      members.rest(new Set());
      return other([...say(keyAt, 'jhash'), ...of.words, ...say(keyAt, 'mod'), modulus, ...seeded, ...offset]);
    }
    case 'concat': {
      const said = itemsOf(value, 'what stands side by side').map(expression);
      return {
        words: joined(
          said.map(({ words }) => words),
          '.',
          keyAt,
        ),
        parts: said.flatMap(({ parts }) => parts),
      };
    }
    case 'map': {
      const members = membersOf(value, 'a map expression');
      const of = expression(members.need('key'));
      const data = constant(members.need('data'), of.parts);
      members.rest(new Set());
      return other([...of.words, ...say(keyAt, 'map'), ...data]);
    }
    default:
      if (!operators.includes(key)) return notModelled(keyAt, `nft's expression ${JSON.stringify(key)}`);
      return other(operation(key, value));
  }
}

/** Parts of an operation are fields or constants; one within another stands in parentheses. */
function operation(operator: string, value: Json): readonly Word[] {
  const parts = itemsOf(value, `what ${operator} is between`).map((part): readonly Word[] => {
    if (part.kind === 'array') return bits(part);
    if (part.kind !== 'object') return [bare(part, 'a constant')];
    const { key, value: inner } = tagged(part, 'an expression');
    if (!operators.includes(key)) return expression(part).words;
    return [...say(part.at, '('), ...operation(key, inner), ...say(part.at, ')')];
  });
  return joined(parts, operator, value.at);
}

/** Names of bits, in parentheses. */
function bits(json: Json): readonly Word[] {
  const names = itemsOf(json, 'bits').map((bit) => [bare(bit, 'the name of a bit')]);
  return [...say(json.at, '('), ...joined(names, '|', json.at), ...say(json.at, ')')];
}

function offsetOf(json: Json | undefined): readonly Word[] {
  return json ? [...say(json.at, 'offset'), wordOf(json, 'an offset')] : [];
}

function fib(value: Json): Said {
  const members = membersOf(value, 'a fib expression');
  const keys = itemsOf(members.need('flags'), 'what is looked up').map((key) => [bare(key, 'what is looked up')]);
  const result = bare(members.need('result'), 'what is wanted of the route');
  members.rest(new Set());
  // nft prints `check` for whether there is a route; it is asked for the interface.
  const wanted = result.text === 'check' ? { ...result, text: 'oif' } : result;
  const words = [...say(value.at, 'fib'), ...joined(keys, '.', value.at), wanted];
  return { words, parts: [wanted.text === 'type' ? 'other' : 'name'] };
}

/** What may be compared with, set or translated to: a constant, many, a map's entries, or an expression. */
export function constant(json: Json, parts: readonly Part[]): readonly Word[] {
  const [part = 'other'] = parts;
  switch (json.kind) {
    case 'number':
      return [wordOf(json, 'a number')];
    case 'boolean':
      return say(json.at, json.value ? 'exists' : 'missing');
    case 'string':
      if (/^@[A-Za-z_][\w.-]*$/.test(json.value)) return [{ text: json.value, at: json.at }];
      return [part === 'name' ? quoted(json, 'the name of an interface') : bare(json, 'a constant')];
    case 'array':
      // Bits of one value.
      return joined(
        json.items.map((item) => [bare(item, 'the name of a bit')]),
        ',',
        json.at,
      );
    case 'null':
      return expected(json, 'a constant');
    case 'object':
      return composite(json, parts);
  }
}

function composite(json: Json, parts: readonly Part[]): readonly Word[] {
  const { key, keyAt, value } = tagged(json, 'a constant');
  switch (key) {
    case 'prefix': {
      const members = membersOf(value, 'a prefix');
      const address = bare(members.need('addr'), 'an address');
      const text = `${address.text}/${countOf(members.need('len'), 'a prefix length')}`;
      members.rest(new Set());
      return [{ text, at: address.at }];
    }
    case 'range': {
      const [from, to, ...more] = itemsOf(value, 'a range');
      if (!from || !to || more.length > 0) return expected(value, 'where a range begins and ends');
      return [...constant(from, parts), ...say(value.at, '-'), ...constant(to, parts)];
    }
    case 'set': {
      const elements = (value.kind === 'array' ? value.items : [value]).map((item) => element(item, parts));
      return [...say(keyAt, '{'), ...joined(elements, ',', keyAt), ...say(keyAt, '}')];
    }
    case 'concat': {
      const items = itemsOf(value, 'what stands side by side');
      return joined(
        items.map((item, index) => constant(item, [parts[index] ?? 'other'])),
        '.',
        keyAt,
      );
    }
    case 'elem':
      return element(json, parts);
    case 'jump':
    case 'goto':
      return verdict(json);
    default:
      if (['accept', 'drop', 'return', 'continue'].includes(key)) return verdict(json);
      return expression(json).words;
  }
}

/** An element of a set: a constant, with its timeout; of a map: a key and what it gives. */
export function element(json: Json, parts: readonly Part[]): readonly Word[] {
  if (json.kind === 'array') {
    const [key, given, ...more] = json.items;
    if (!key || !given || more.length > 0) return expected(json, 'a key and what it gives');
    return [...element(key, parts), ...say(json.at, ':'), ...constant(given, [])];
  }
  if (json.kind === 'string' && json.value === '*') return say(json.at, '*');
  if (json.kind !== 'object' || tagged(json, 'an element').key !== 'elem') return constant(json, parts);
  const members = membersOf(tagged(json, 'an element').value, 'an element');
  const value = element(members.need('val'), parts);
  const timeout = members.take('timeout');
  const timed = timeout ? [...say(timeout.at, `timeout ${countOf(timeout, 'a timeout')}s`)] : [];
  members.rest(new Set(['expires', 'comment', 'counter']));
  return [...value, ...timed];
}

/** `accept`, `jump NAME`, … */
export function verdict(json: Json): readonly Word[] {
  const { key, keyAt, value } = tagged(json, 'a verdict');
  if (key !== 'jump' && key !== 'goto') return say(keyAt, key);
  const members = membersOf(value, `a ${key}`);
  const target = bare(members.need('target'), 'the name of a chain');
  members.rest(new Set());
  return [...say(keyAt, key), target];
}
