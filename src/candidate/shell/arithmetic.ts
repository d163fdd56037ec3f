/** Arithmetic of the shell (POSIX.1-2024, XCU 2.6.4): C's operators on signed 64-bit integers, without `++`, `--` and the comma. */

export interface ArithmeticVariables {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

/** What is wrong with an expression. */
export class ArithmeticError extends Error {}

const token =
  /[ \t\n]*(?:(0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)|([A-Za-z_][A-Za-z0-9_]*)|(<<=|>>=|&&|\|\||<<|>>|[<>=!]=|[-+*/%&^|]=|[-+*/%&^|<>=!~?:()]))/y;

/** Binary operators by how closely they bind; within a row from left to right. */
const rows = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const binding = new Map(rows.flatMap((operators, row) => operators.map((operator) => [operator, row] as const)));
const assignments = new Set(['=', '+=', '-=', '*=', '/=', '%=', '<<=', '>>=', '&=', '^=', '|=']);

interface Token {
  readonly kind: 'number' | 'name' | 'operator' | 'end';
  readonly text: string;
}

function isAssignment({ kind, text }: Token): boolean {
  return kind === 'operator' && assignments.has(text);
}

/** Parentheses and unary operators inside one another. */
const deepest = 200;

/**
 * The value of an expression.
 *
 * @throws ArithmeticError for what isn't one, for division by zero, and for a variable that holds no number
 */
export function evaluateArithmetic(text: string, variables: ArithmeticVariables): bigint {
  let position = 0;
  let depth = 0;
  let current = next();

  function next(): Token {
    token.lastIndex = position;
    const match = token.exec(text);
    if (!match) {
      if (text.slice(position).trim() !== '') throw syntax('an operand or operator');
      return { kind: 'end', text: '' };
    }
    position = token.lastIndex;
    const [, number, name, operator] = match;
    if (number !== undefined) return { kind: 'number', text: number };
    return name === undefined ? { kind: 'operator', text: operator ?? '' } : { kind: 'name', text: name };
  }

  function advance(): string {
    const { text: taken } = current;
    current = next();
    return taken;
  }

  function take(operator: string): boolean {
    if (current.kind !== 'operator' || current.text !== operator) return false;
    advance();
    return true;
  }

  function nested(read: () => bigint): bigint {
    if (++depth > deepest) throw new ArithmeticError('arithmetic expression: nested too deeply');
    const value = read();
    depth--;
    return value;
  }

  function syntax(expected: string): ArithmeticError {
    return new ArithmeticError(`arithmetic expression: expecting ${expected}: "${text}"`);
  }

  /** `live`: what isn't reached (`0 && …`) is read, but neither assigns nor divides. */
  function assignment(live: boolean): bigint {
    const name = assigned();
    if (name === null) return conditional(live);
    const operator = advance();
    const right = nested(() => assignment(live));
    const value = operator === '=' ? right : compute(operator.slice(0, -1), variable(name, live), right, live);
    if (live) variables.set(name, String(value));
    return value;
  }

  /** Takes a name if an assignment to it follows. */
  function assigned(): string | null {
    if (current.kind !== 'name') return null;
    const [before, end] = [current, position];
    advance();
    if (isAssignment(current)) return before.text;
    [current, position] = [before, end];
    return null;
  }

  function conditional(live: boolean): bigint {
    const condition = binary(0, live);
    if (!take('?')) return condition;
    const consequent = nested(() => assignment(live && condition !== 0n));
    if (!take(':')) throw syntax("':'");
    const alternate = nested(() => conditional(live && condition === 0n));
    return condition === 0n ? alternate : consequent;
  }

  function binary(row: number, live: boolean): bigint {
    let left = operand(live);
    for (;;) {
      const found = current.kind === 'operator' ? binding.get(current.text) : undefined;
      if (found === undefined || found < row) return left;
      const operator = advance();
      const decided = (operator === '&&' && left === 0n) || (operator === '||' && left !== 0n);
      const right = binary(found + 1, live && !decided);
      left = compute(operator, left, right, live);
    }
  }

  function operand(live: boolean): bigint {
    if (current.kind === 'number') return clamp(parseInteger(advance()));
    if (current.kind === 'name') return variable(advance(), live);
    const unary = (): bigint => nested(() => operand(live));
    if (take('-')) return BigInt.asIntN(64, -unary());
    if (take('+')) return unary();
    if (take('~')) return ~unary();
    if (take('!')) return truth(unary() === 0n);
    if (!take('(')) throw syntax('primary');
    const value = nested(() => assignment(live));
    if (!take(')')) throw syntax("')'");
    return value;
  }

  function variable(name: string, live: boolean): bigint {
    const set = live ? variables.get(name) : undefined;
    const value = set === undefined || set === '' ? '0' : set;
    const match = /^[ \t-\r]*([-+]?)(0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)[ \t-\r]*$/.exec(value);
    if (!match) throw new ArithmeticError(`Illegal number: ${value}`);
    const [, sign, digits] = match;
    const magnitude = parseInteger(digits ?? '');
    return clamp(sign === '-' ? -magnitude : magnitude);
  }

  function compute(operator: string, a: bigint, b: bigint, live: boolean): bigint {
    if ((operator === '/' || operator === '%') && b === 0n) {
      if (!live) return 0n;
      throw new ArithmeticError(`arithmetic expression: division by zero: "${text}"`);
    }
    return BigInt.asIntN(64, operate(operator, a, b));
  }

  const value = assignment(true);
  if (current.kind !== 'end') throw syntax('EOF');
  return value;
}

/** An integer constant of C: decimal, octal from `0`, hexadecimal from `0x`. */
function parseInteger(digits: string): bigint {
  return BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
}

/** As strtoimax(3) does with what doesn't fit. */
function clamp(value: bigint): bigint {
  const largest = 2n ** 63n - 1n;
  if (value > largest) return largest;
  return value < -largest - 1n ? -largest - 1n : value;
}

function operate(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '||':
      return truth(a !== 0n || b !== 0n);
    case '&&':
      return truth(a !== 0n && b !== 0n);
    case '==':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '<=':
      return truth(a <= b);
    case '>':
      return truth(a > b);
    case '>=':
      return truth(a >= b);
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '<<': // The processor takes the count by 64.
      return a << (b & 63n);
    case '>>':
      return a >> (b & 63n);
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      return a % b;
  }
}

function truth(value: boolean): bigint {
  return value ? 1n : 0n;
}
