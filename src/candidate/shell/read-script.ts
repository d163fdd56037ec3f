import {
  type Assignment as ParsedAssignment,
  type Command as ParsedCommand,
  type Function as ParsedFunction,
  type ParsedScript,
  type Pipeline,
  parse,
  type PipelineNode,
  type Redirection as ParsedRedirection,
  type Statement,
} from 'unbash';
import { fileSource, invalid, type Location, type Source } from './location.ts';
import { wordReader } from './read-word.ts';
import type { Assignment, Command, List, Redirection, Word } from './syntax.ts';

/**
 * Reads a whole script, so that what is not supported is found before anything is run.
 *
 * @throws LabError 'invalid' for wrong syntax, for bash where sh would differ, and for what is not supported
 */
export function readScript(source: Source): List {
  const foreign = /[\0\r]/.exec(source.text);
  if (foreign) {
    const what = foreign[0] === '\r' ? 'a carriage return' : 'a NUL character';
    throw invalid(source.at(foreign.index), `${what} in the script`, 'save it as text with Unix line ends');
  }
  return readParsed(parse(source.text), source);
}

/** What was read last of each file. Scripts are run over and over, and read in as much time as it takes to run them. */
const files = new Map<string, { readonly text: string; readonly list: List }>();

/** Reads a script that is a file's own text, as `readScript` does. */
export function readFile(file: string, text: string): List {
  const known = files.get(file);
  if (known?.text === text) return known.list;
  const list = readScript(fileSource(file, text));
  files.set(file, { text, list });
  return list;
}

function readParsed(script: ParsedScript, source: Source): List {
  const [error] = script.errors ?? [];
  if (error) throw invalid(source.at(error.pos), error.message);
  return scriptReader(source)(script.commands);
}

function scriptReader(source: Source): (statements: readonly Statement[]) => List {
  const words = wordReader(source, readParsed);
  const refuse = (pos: number, what: string, instead: string): never => {
    throw invalid(source.at(pos), `${what} is not supported`, instead);
  };

  function list(statements: readonly Statement[]): List {
    return statements.map((statement) => {
      const read = command(statement.command);
      return statement.background ? { kind: 'background', command: read, at: read.at } : read;
    });
  }

  function command(node: Statement['command'] | ParsedFunction['body']): Command {
    const { pos } = node;
    const at = source.at(pos);
    switch (node.type) {
      case 'Command':
        return simple(node);
      case 'Pipeline':
        return pipeline(node);
      case 'AndOr': {
        const [first, ...others] = node.commands.map(command);
        if (!first) throw invalid(at, 'a command is missing');
        const rest = others.map((next, index) => ({ operator: node.operators[index] ?? '&&', command: next }));
        return { kind: 'and-or', first, rest, at };
      }
      case 'CompoundList':
        return { kind: 'group', body: list(node.commands), at };
      case 'BraceGroup':
        return { kind: 'group', body: list(node.body.commands), at };
      case 'Subshell':
        return { kind: 'subshell', body: list(node.body.commands), at };
      case 'If': {
        const branches = [node, ...node.elif].map((branch) => ({
          condition: list(branch.clause.commands),
          body: list(branch.then.commands),
        }));
        return { kind: 'if', branches, otherwise: list(node.else?.commands ?? []), at };
      }
      case 'For': {
        if (!source.text.startsWith('done', node.end - 4)) refuse(pos, 'for … { … }', 'write for … do … done');
        const name = variableName(node.name.text, source.at(node.name.pos));
        return { kind: 'for', name, words: node.wordlist?.map(word) ?? null, body: list(node.body.commands), at };
      }
      case 'While': {
        const condition = list(node.clause.commands);
        return { kind: 'while', until: node.kind === 'until', condition, body: list(node.body.commands), at };
      }
      case 'Case': {
        const items = node.items.map((item) => {
          if ((item.terminator ?? ';;') !== ';;') refuse(item.end - 2, item.terminator ?? '', 'write ;;');
          return { patterns: item.pattern.map(word), body: list(item.body.commands) };
        });
        return { kind: 'case', word: word(node.word), items, at };
      }
      case 'Function': {
        if (node.name.pos !== pos) refuse(pos, 'the word function', `write ${node.name.text}() { … }`);
        return { kind: 'function', name: variableName(node.name.text, at), body: command(node.body), at };
      }
      case 'Redirected':
        return {
          kind: 'redirected',
          command: command(node.command),
          redirections: node.redirects.map(redirection),
          at,
        };
      case 'TestCommand':
        return refuse(pos, '[[ … ]]', 'write [ … ]');
      case 'ArithmeticCommand':
        return refuse(pos, '((…))', 'write [ … ], or : $((…))');
      case 'ArithmeticFor':
        return refuse(pos, 'for ((…))', 'write while [ … ]');
      case 'Select':
        return refuse(pos, 'select', 'write a loop');
      case 'Coproc':
        return refuse(pos, 'coproc', 'use a pipe');
    }
  }

  function pipeline({ prefixes, commands, operators, pos }: Pipeline): Command {
    for (const prefix of prefixes) if (prefix.type === 'Time') refuse(prefix.pos, 'time', 'leave it out');
    const [, second] = prefixes;
    if (second) refuse(second.pos, 'a second !', 'leave both out');
    if (operators.includes('|&')) refuse(commands[0]?.pos ?? 0, '|&', 'write 2>&1 |');
    const read = commands.map((node: PipelineNode) => command(node));
    const [first] = read;
    const at = source.at(pos);
    const all: Command = first && read.length === 1 ? first : { kind: 'pipeline', commands: read, at };
    return prefixes.length === 0 ? all : { kind: 'not', command: all, at };
  }

  function simple(node: ParsedCommand): Command {
    const assignments = node.prefix.filter((item) => item.type === 'Assignment').map(assignment);
    const args = node.args.map((item) => {
      if (item.type === 'Word') return word(item);
      return words.declaration(assignment(item), source.at(item.pos));
    });
    const named = node.name ? [word(node.name), ...args] : args;
    const redirections = node.redirects.map(redirection);
    return { kind: 'simple', assignments, words: named, redirections, at: source.at(node.pos) };
  }

  function assignment({ name, value, append, index, pos }: ParsedAssignment): Assignment {
    if (index || value.type === 'ArrayValue') return refuse(pos, 'an array', 'use the positional parameters');
    if (append) return refuse(pos, '+=', `write ${name}=$${name}…`);
    return { name: variableName(name, source.at(pos)), value: words.value(value) };
  }

  function word(parsed: Parameters<typeof words.word>[0]): Word {
    return words.word(parsed);
  }

  function redirection(node: ParsedRedirection): Redirection {
    const { pos, operator, descriptor: given } = node;
    const at = source.at(pos);
    if (given?.type === 'FileDescriptorVariable') return refuse(pos, `{${given.name}}${operator}`, 'name a number');
    const descriptor = given?.value ?? (operator.startsWith('<') ? 0 : 1);
    if (node.type === 'HereDoc') return { kind: 'here-document', descriptor, at, text: words.hereDocument(node) };
    const { target } = node;
    if (!target) throw invalid(at, `a file is missing after ${operator}`);
    switch (operator) {
      case '<':
        return { kind: 'read', descriptor, at, target: word(target) };
      case '>':
      case '>|':
        return { kind: 'write', descriptor, at, target: word(target) };
      case '>>':
        return { kind: 'append', descriptor, at, target: word(target) };
      case '>&':
      case '<&':
        if (target.text === '-') return { kind: 'close', descriptor, at };
        if (!/^[0-9]$/.test(target.text))
          refuse(pos, `${operator}${target.text}`, 'supported is a descriptor or -: >&2, 2>&1, 9>&-');
        return { kind: 'duplicate', descriptor, at, from: Number(target.text) };
      default:
        return refuse(pos, operator, 'supported are < > >> >| << <<- >& and <&');
    }
  }

  return list;
}

function variableName(name: string, at: Location): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw invalid(at, `${JSON.stringify(name)} is not a name`, 'a name is made of letters, digits and _');
}
