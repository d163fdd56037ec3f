import { notModelled } from '../commands/refusal.ts';
import type { Location } from '../commands/location.ts';
import type { Word } from '../commands/word.ts';
import { countOf, expected, itemsOf, membersOf, textOf, wordOf, type Json, type Members } from './json.ts';
import { constant, expression, verdict } from './nft-expression.ts';
import { bare, joined, listOf, quoted, say, tagged } from './nft-text.ts';

/**
 * A statement in nft's language.
 *
 * @throws LabError 'invalid' for one that isn't modelled
 */
function statement(json: Json): readonly Word[] {
  const { key, keyAt, value } = tagged(json, 'a statement');
  switch (key) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'continue':
    case 'jump':
    case 'goto':
      return verdict(json);
    case 'match':
      return match(value);
    case 'mangle': {
      const members = membersOf(value, 'a mangle statement');
      const set = [...say(keyAt, 'set'), ...valueOf(members.need('value'))];
      const words = [...target(members.need('key')), ...set];
      members.rest(new Set());
      return words;
    }
    case 'counter':
    case 'notrack':
      return say(keyAt, key);
    case 'limit':
      return limit(keyAt, membersOf(value, 'a limit'));
    case 'log':
      return [...say(keyAt, 'log'), ...(value.kind === 'null' ? [] : log(membersOf(value, 'a log statement')))];
    case 'reject':
      return [...say(keyAt, 'reject'), ...(value.kind === 'null' ? [] : reason(membersOf(value, 'a rejection')))];
    case 'snat':
    case 'dnat':
    case 'masquerade':
    case 'redirect':
      return [...say(keyAt, key), ...(value.kind === 'null' ? [] : translation(keyAt, membersOf(value, `a ${key}`)))];
    case 'vmap': {
      const members = membersOf(value, 'a verdict map');
      const of = expression(members.need('key'));
      const words = [...of.words, ...say(keyAt, 'vmap'), ...constant(members.need('data'), of.parts)];
      members.rest(new Set());
      return words;
    }
    case 'set': {
      const members = membersOf(value, 'a set statement');
      const words = [bare(members.need('op'), 'what is done to the set'), bare(members.need('set'), 'a set')];
      const added = updated(members.need('elem'));
      members.rest(new Set());
      return [...words, ...say(keyAt, '{'), ...added, ...say(keyAt, '}')];
    }
    case 'ct count': {
      const members = membersOf(value, 'a count of connections');
      const count = wordOf(members.need('val'), 'a number of connections');
      const over = isTrue(members.take('inv')) ? 'ct count over' : 'ct count';
      members.rest(new Set());
      return [...say(keyAt, over), count];
    }
    case 'xt':
      return notModelled(
        keyAt,
        'a match or target of iptables',
        'nft does not tell what it is; iptables-save.txt does',
      );
    default:
      return notModelled(keyAt, `nft's statement ${JSON.stringify(key)}`);
  }
}

function isTrue(json: Json | undefined): boolean {
  if (!json) return false;
  return json.kind === 'boolean' ? json.value : expected(json, 'true or false');
}

function match(value: Json): readonly Word[] {
  const members = membersOf(value, 'a match');
  const left = expression(members.need('left'));
  const operator = members.need('op');
  const symbol = textOf(operator, 'a comparison');
  if (!['==', '!=', '<', '>', '<=', '>=', 'in', '!'].includes(symbol)) expected(operator, 'a comparison');
  const right = constant(members.need('right'), left.parts);
  members.rest(new Set());
  // `in` asks whether any of the bits is set, and isn't written.
  return [...left.words, ...(symbol === 'in' ? [] : say(operator.at, symbol)), ...right];
}

/** What is set. */
function target(json: Json): readonly Word[] {
  const { key, keyAt, value } = tagged(json, 'what is set');
  if (key !== 'tcp option') return expression(json).words;
  const members = membersOf(value, 'a TCP option');
  const words = [bare(members.need('name'), 'a TCP option'), bare(members.need('field'), 'a field')];
  members.rest(new Set());
  return [...say(keyAt, key), ...words];
}

/** What it is set to. */
function valueOf(json: Json): readonly Word[] {
  if (json.kind !== 'object') return constant(json, []);
  const { key, keyAt, value } = tagged(json, 'a value');
  if (key !== 'rt') return constant(json, []);
  const members = membersOf(value, 'of the route');
  const words = [...say(keyAt, 'rt'), bare(members.need('key'), 'a key')];
  members.rest(new Set());
  return words;
}

/** What a packet adds to a set, or takes from it. */
function updated(json: Json): readonly Word[] {
  if (json.kind !== 'object' || tagged(json, 'an element').key !== 'elem') return expression(json).words;
  const members = membersOf(tagged(json, 'an element').value, 'an element');
  const words = expression(members.need('val')).words;
  const timeout = members.take('timeout');
  members.rest(new Set(['comment']));
  return [...words, ...(timeout ? say(timeout.at, `timeout ${countOf(timeout, 'a timeout')}s`) : [])];
}

function limit(at: Location, members: Members): readonly Word[] {
  const rate = wordOf(members.need('rate'), 'a rate');
  const per = bare(members.need('per'), 'a period');
  const burst = members.take('burst');
  const over = isTrue(members.take('inv'));
  for (const key of ['rate_unit', 'burst_unit']) {
    const unit = members.take(key);
    if (unit && textOf(unit, 'a unit') !== 'packets') notModelled(unit.at, 'a limit in bytes');
  }
  members.rest(new Set());
  const words = [...say(at, over ? 'limit rate over' : 'limit rate'), rate, ...say(at, '/'), per];
  return burst ? [...words, ...say(burst.at, `burst ${countOf(burst, 'a burst')} packets`)] : words;
}

function log(members: Members): readonly Word[] {
  const words: Word[] = [];
  const prefix = members.take('prefix');
  if (prefix) words.push(...say(prefix.at, 'prefix'), quoted(prefix, 'a prefix'));
  for (const key of ['group', 'snaplen', 'queue-threshold', 'level']) {
    const value = members.take(key);
    if (value) words.push(...say(value.at, key), bare(value, `a log's ${key}`));
  }
  const flags = members.take('flags');
  if (flags) {
    const names = listOf(flags).map((flag) => textOf(flag, 'a flag'));
    if (names.join() !== 'all') notModelled(flags.at, `log flags other than all`);
    words.push(...say(flags.at, 'flags all'));
  }
  members.rest(new Set());
  return words;
}

function reason(members: Members): readonly Word[] {
  const type = members.take('type');
  const code = members.take('expr');
  members.rest(new Set());
  if (!type) return [];
  const name = textOf(type, 'how it is rejected');
  if (name === 'tcp reset') return say(type.at, 'with tcp reset');
  if (!code) return say(type.at, `with ${name} type port-unreachable`);
  return [...say(type.at, 'with'), bare(type, 'how it is rejected'), ...say(type.at, 'type'), bare(code, 'a reason')];
}

function translation(at: Location, members: Members): readonly Word[] {
  const family = members.take('family');
  const address = members.take('addr');
  const port = members.take('port');
  const flags = members.take('flags');
  const kinds = members.take('type_flags');
  members.rest(new Set());
  const types = (kinds ? listOf(kinds) : []).map((kind) => textOf(kind, 'a kind of translation'));
  const other = types.find((kind) => kind !== 'concat' && kind !== 'interval');
  if (other !== undefined) notModelled(kinds?.at ?? at, `a translation of kind ${JSON.stringify(other)}`);
  // Several at once: a map that gives an address and a port.
  const pairs = types.includes('concat') ? say(at, 'addr . port') : [];
  const shown = family ? [bare(family, 'a family')] : pairs.length > 0 ? say(at, 'ip') : [];
  const to = address || port ? say(at, 'to') : [];
  const end = port ? [...say(port.at, ':'), ...constant(port, [])] : [];
  const said = flags
    ? joined(
        listOf(flags).map((flag) => [bare(flag, 'a flag')]),
        ',',
        flags.at,
      )
    : [];
  return [...shown, ...pairs, ...to, ...(address ? constant(address, []) : []), ...end, ...said];
}

/** The statements of a rule, and its comment. */
export function ruleBody(expressions: Json, comment: Json | undefined): readonly Word[] {
  const words = itemsOf(expressions, "a rule's statements").flatMap(statement);
  return comment ? [...words, ...say(comment.at, 'comment'), quoted(comment, 'a comment')] : words;
}
