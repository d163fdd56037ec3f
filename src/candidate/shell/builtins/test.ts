import { invalid } from '../location.ts';
import { programName } from '../program.ts';
import { BuiltinError, descend, type Shell } from '../state.ts';
import type { Call } from './builtin.ts';

const binary = new Set(['=', '!=', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '<', '>']);
const unary = /^-[A-Za-z]$/;
const fileTests = 'supported are -n -z = != < > -eq -ne -lt -le -gt -ge -e -f -d -x ! -a -o ( )';

/** `test` and `[` (POSIX.1-2024, XCU 3): the number of arguments decides how they are read, as far as there are four. */
export function test(shell: Shell, call: Call): number {
  let { args } = call;
  if (call.name === '[') {
    if (args.at(-1) !== ']') throw new BuiltinError('missing ]');
    args = args.slice(0, -1);
  }
  return decide(shell, call, args) ? 0 : 1;
}

function decide(shell: Shell, call: Call, args: readonly string[]): boolean {
  const [first = '', second = '', third = '', fourth = ''] = args;
  const [, ...rest] = args;
  switch (args.length) {
    case 0:
      return false;
    case 1:
      return first !== '';
    case 2:
      if (first === '!') return second === '';
      if (unary.test(first)) return testOne(shell, call, first, second);
      break;
    case 3:
      if (binary.has(second)) return testTwo(first, second, third);
      if (second === '-a') return first !== '' && third !== '';
      if (second === '-o') return first !== '' || third !== '';
      if (first === '!') return !decide(shell, call, rest);
      if (first === '(' && third === ')') return second !== '';
      break;
    case 4:
      if (first === '!') return !decide(shell, call, rest);
      if (first === '(' && fourth === ')') return decide(shell, call, [second, third]);
      break;
  }
  return expression(shell, call, args);
}

/** More than four arguments: `-o` binds less than `-a`, and that less than `!`. */
function expression(shell: Shell, call: Call, args: readonly string[]): boolean {
  let index = 0;
  const or = (): boolean => {
    let value = and();
    while (args[index] === '-o') {
      index++;
      const right = and();
      value ||= right;
    }
    return value;
  };
  const and = (): boolean => {
    let value = not();
    while (args[index] === '-a') {
      index++;
      const right = not();
      value &&= right;
    }
    return value;
  };
  const not = (): boolean => {
    let negated = false;
    for (; args[index] === '!' && index < args.length - 1; index++) negated = !negated;
    return primary() !== negated;
  };
  const primary = (): boolean => {
    const [first, second, third] = args.slice(index, index + 3);
    if (first === undefined) throw new BuiltinError('argument expected');
    if (second !== undefined && third !== undefined && binary.has(second)) {
      index += 3;
      return testTwo(first, second, third);
    }
    if (first === '(') {
      index++;
      descend(shell, call.at);
      try {
        const value = or();
        if (args[index++] !== ')') throw new BuiltinError('closing paren expected');
        return value;
      } finally {
        shell.depth--;
      }
    }
    if (unary.test(first) && second !== undefined) {
      index += 2;
      return testOne(shell, call, first, second);
    }
    index++;
    return first !== '';
  };
  const value = or();
  if (index < args.length) throw new BuiltinError(`${args[index] ?? ''}: unexpected operator`);
  return value;
}

function testTwo(left: string, operator: string, right: string): boolean {
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '-eq':
      return integer(left) === integer(right);
    case '-ne':
      return integer(left) !== integer(right);
    case '-lt':
      return integer(left) < integer(right);
    case '-le':
      return integer(left) <= integer(right);
    case '-gt':
      return integer(left) > integer(right);
    default:
      return integer(left) >= integer(right);
  }
}

function testOne(shell: Shell, call: Call, operator: string, operand: string): boolean {
  const { machine } = shell.shared;
  switch (operator) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    case '-x':
      if (programName(machine, operand) !== null && operand.includes('/')) return true;
      break;
    case '-d':
      if (isAbsolute(operand)) return machine.list(operand) !== null;
      break;
    case '-e':
      if (isAbsolute(operand)) return exists(shell, operand);
      break;
    case '-f':
      if (isAbsolute(operand)) return exists(shell, operand) && machine.list(operand) === null;
      break;
  }
  throw invalid(call.at, `${call.name} ${operator} ${JSON.stringify(operand)} is not supported`, fileTests);
}

function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

function exists({ shared: { machine } }: Shell, path: string): boolean {
  if (machine.list(path) !== null) return true;
  const slash = path.lastIndexOf('/');
  return machine.list(path.slice(0, slash) || '/')?.includes(path.slice(slash + 1)) ?? false;
}

function integer(text: string): bigint {
  if (!/^[ \t-\r]*[-+]?[0-9]+[ \t-\r]*$/.test(text)) throw new BuiltinError(`Illegal number: ${text}`);
  const trimmed = text.trim();
  return BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
}
