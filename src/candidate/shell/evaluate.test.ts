import test, { type ExecutionContext } from 'ava';
import { LabError } from '../../net/error.ts';
import { cases } from './cases/all.ts';
import type { EvaluateOptions, Outcome } from './evaluate.ts';
import { formatLocation } from './location.ts';
import type { Invocation, Result } from './machine.ts';
import type { Job } from './process.ts';
import { evaluate, recordingMachine, type RecordingMachine } from './testing.ts';

function evaluated(
  script: string,
  options: Partial<Omit<EvaluateOptions, 'machine'>> & { readonly files?: Readonly<Record<string, string>> } = {},
): { readonly outcome: Outcome; readonly machine: RecordingMachine } {
  const machine = recordingMachine(['ip', 'nft'], options.files);
  return { outcome: evaluate(script, { file: 'up.sh', environment: {}, machine, ...options }), machine };
}

for (const [index, { script, status = 0, stdout = '', record = [] }] of cases.entries()) {
  test(`${index}: ${script}`, (t) => {
    const { outcome, machine } = evaluated(script, { arguments: ['one', 'two  2', ''] });
    t.deepEqual({ status: outcome.status, stdout: outcome.stdout, record: machine.record }, { status, stdout, record });
  });
}

/** What the evaluator refuses, and how it says so. */
const refused: readonly (readonly [string, string])[] = [
  ['ok a\n  ok $(nosuch)', 'up.sh:2:8: the command "nosuch" is not supported'],
  ['if ok; then', "up.sh:1:12: expected command after 'then'"],
  ["ok 'a", 'up.sh:1:4: unterminated single quote'],
  ['ok a\r\n', 'up.sh:1:5: a carriage return in the script'],
  ['[[ a = b ]]', 'up.sh:1:1: [[ … ]] is not supported'],
  ['((1))', 'up.sh:1:1: ((…)) is not supported'],
  ['x=(1 2)', 'up.sh:1:1: an array is not supported'],
  ['x+=1', 'up.sh:1:1: += is not supported'],
  ['ok ${x/a/b}', 'up.sh:1:4: the expansion ${x/a/b} is not POSIX sh'],
  ['ok ${x:0:1}', 'up.sh:1:4: the expansion ${x:0:1} is not POSIX sh'],
  ['ok ${!x}', 'up.sh:1:4: the expansion ${!x} is not POSIX sh'],
  ['ok ${x[0]}', 'up.sh:1:4: an array is not POSIX sh'],
  ["ok $'a'", "up.sh:1:4: $'…' is not POSIX sh"],
  ['ok $"a"', 'up.sh:1:4: $"…" is not POSIX sh'],
  ['ok $[1]', 'up.sh:1:4: $[…] is not POSIX sh'],
  ['ok <(ok)', 'up.sh:1:4: <(…) is not POSIX sh'],
  ['case a in +(a)) ok;; esac', 'up.sh:1:11: the pattern +(…) is not POSIX sh'],
  ['case a in a) ok;& esac', 'up.sh:1:16: ;& is not supported'],
  ['function f { ok; }', 'up.sh:1:1: the word function is not supported'],
  ['for ((;;)); do ok; done', 'up.sh:1:1: for ((…)) is not supported'],
  ['for i in a; { ok; }', 'up.sh:1:1: for … { … } is not supported'],
  ['select x in a; do ok; done', 'up.sh:1:1: select is not supported'],
  ['coproc ok', 'up.sh:1:1: coproc is not supported'],
  ['time ok', 'up.sh:1:1: time is not supported'],
  ['ok |& ok', 'up.sh:1:1: |& is not supported'],
  ['ok &>x', 'up.sh:1:4: &> is not supported'],
  ['ok >&x', 'up.sh:1:4: >&x is not supported'],
  ['ok <>x', 'up.sh:1:4: <> is not supported'],
  ['take <<<x', 'up.sh:1:6: <<< is not supported'],
  ['{fd}>x ok', 'up.sh:1:1: {fd}> is not supported'],
  ['take <<E\na\n', 'up.sh:1:6: this here-document does not end'],
  ['ok ~/x', 'up.sh:1:4: a tilde for a home folder is not supported'],
  ['x=a:~b', 'up.sh:1:3: a tilde for a home folder is not supported'],
  ['ok $$', 'up.sh:1:4: the parameter $$ is not supported'],
  ['ok ${#@}', 'up.sh:1:4: an operation on $@ is not supported'],
  ['ok ${@:-x}', 'up.sh:1:4: an operation on $@ is not supported'],
  ['ok "$LINENO"', "up.sh:1:5: the shell's own variable $LINENO is not supported"],
  ['ok *.conf', 'up.sh:1:4: *.conf stands for files in the working folder, which is not known here'],
  ['trap ok EXIT', 'up.sh:1:1: the command "trap" is not supported'],
  ['exec -a x ok', 'up.sh:1:6: exec -a is not supported'],
  ['/opt/bin/ip link', 'up.sh:1:1: the command "/opt/bin/ip" is not supported'],
  ['command -v nosuch', 'up.sh:1:12: the command "nosuch" is not supported'],
  ['command -p ok', 'up.sh:1:9: command -p is not supported'],
  ['set -m', 'up.sh:1:5: set -m is not supported'],
  ['set -eo pipefail', 'up.sh:1:5: set -eo is not supported'],
  ['set', 'up.sh:1:1: set without arguments is not supported'],
  ['export -p', 'up.sh:1:8: export -p is not supported'],
  ['export', 'up.sh:1:1: export without arguments is not supported'],
  ['read -t 1 x', 'up.sh:1:6: read -t is not supported'],
  ['cat -n', 'up.sh:1:5: cat -n is not supported'],
  ["printf '%f' 1", 'up.sh:1:8: %f in a format is not supported'],
  ["printf '\\303'", 'up.sh:1:8: \\303 is not ASCII and not supported'],
  ['[ -w /proc ]', 'up.sh:1:1: [ -w "/proc" is not supported'],
  ['x=\'$$\'\neval "ok $x"', 'up.sh:2:6: the parameter $$ is not supported'],
  ['ok `ok \\`nosuch\\``', 'up.sh:1:10: the command "nosuch" is not supported'],
  ['ok a \\\n  $(nosuch)', 'up.sh:2:5: the command "nosuch" is not supported'],
  ['f() { f; }\nf', 'up.sh:1:7: this is nested more than 400 deep'],
];

for (const [script, message] of refused) {
  test(`refuses ${JSON.stringify(script)}`, (t) => {
    const error = t.throws(() => evaluated(script), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.is(error.message, message);
  });
}

for (const script of [
  'while :; do :; done',
  'x=a; while :; do x=$x$x; done',
  'while :; do set -- "$@" "$@" ""; done',
]) {
  test(`ends what does not end: ${script}`, (t) => {
    const error = t.throws(() => evaluated(script), { instanceOf: LabError });
    t.regex(error.message, /^up\.sh:1:[0-9]+: this script does not end within 100000 steps$/);
  });
}

test('ends what does not end though time passes', (t) => {
  const machine = recordingMachine();
  const options = { file: 'up.sh', environment: {}, machine, steps: 50 };
  const error = t.throws(() => evaluate('while :; do sleep 1; done', options), { instanceOf: LabError });
  t.regex(error.message, /^up\.sh:1:[0-9]+: this script does not end within 1000 steps$/);
});

test('refuses what is wrong before anything is run', (t) => {
  const machine = recordingMachine();
  t.throws(() => evaluate('ok a\nif no; then [[ x ]]; fi', { file: 'up.sh', environment: {}, machine }));
  t.deepEqual(machine.record, []);
});

test('passes the machine each word with its place', (t) => {
  const script = 'route() {\n\tip route add "$@" table $1$2\n}\nroute default via\n';
  const [invocation] = evaluated(script).machine.invocations;
  t.deepEqual(
    invocation?.words.map(({ text, at }) => `${formatLocation(at)} ${text}`),
    ['2:2 ip', '2:5 route', '2:11 add', '2:15 default', '2:15 via', '2:20 table', '2:26 defaultvia'].map(
      (word) => `up.sh:${word}`,
    ),
  );
});

test('says where a here-document stands, and what is left of one', (t) => {
  const inputs = (script: string): readonly string[] => {
    const seen: string[] = [];
    const machine = recordingMachine();
    const run = function* (invocation: Invocation): Job<Result> {
      const { text, at } = yield* invocation.takeInput();
      seen.push(`${at ? formatLocation(at) : 'nowhere'} ${text}`);
      return { status: 0, stdout: '', stderr: '' };
    };
    evaluate(script, { file: 'up.sh', environment: {}, machine: { ...machine, run } });
    return seen;
  };
  t.deepEqual(inputs('\nok <<E\na\nE\n'), ['up.sh:3:1 a\n']);
  t.deepEqual(inputs('{ read x; ok; ok; } <<E\na\nb\nE\n'), ['up.sh:3:1 b\n', 'up.sh:4:1 ']);
  t.deepEqual(inputs('say a | ok'), ['nowhere ', 'nowhere ']);
  t.deepEqual(inputs('ok'), ['nowhere ']);
});

test('writes files as often as something is written', (t) => {
  const { machine, outcome } = evaluated(
    'echo 1 >/proc/sys/a; { echo 2; echo 3; } >/b; echo 4 >>/b; say 5 >/c; : >/d; echo 6 >/dev/null',
  );
  t.deepEqual(Object.fromEntries(machine.written), { '/proc/sys/a': '1\n', '/b': '2\n3\n4\n', '/c': '5\n', '/d': '' });
  t.is(outcome.stdout, '');
});

test('a file that cannot be opened or written is a failure of the command', (t) => {
  const { outcome } = evaluated('echo 1 >/nonexistent/a\necho $?\necho invalid >/b || echo failed');
  t.is(outcome.stdout, '2\nfailed\n');
  t.is(
    outcome.stderr,
    'up.sh: 1: cannot create /nonexistent/a: Directory nonexistent\nup.sh: 3: echo: Invalid argument\n',
  );
});

test('reads files', (t) => {
  const files = { '/proc/sys/net/ipv4/ip_forward': '1\n' };
  const script =
    'read x </proc/sys/net/ipv4/ip_forward; echo "$x $(cat /proc/sys/net/ipv4/ip_forward /none)" </dev/null';
  t.is(evaluated(script, { files }).outcome.stdout, '1 1\n');
  t.is(evaluated('read x </none; echo $?', { files }).outcome.stdout, '2\n');
  t.is(
    evaluated(
      '[ -e /proc/sys/net ] && [ -d /proc ] && [ ! -f /proc ] && [ -f /proc/sys/net/ipv4/ip_forward ]; echo $?',
      { files },
    ).outcome.stdout,
    '0\n',
  );
  t.is(evaluated('[ -e /proc/none ] || [ -d /none ] || [ -f /proc/sys ]; echo $?', { files }).outcome.stdout, '1\n');
});

test('expands pathnames', (t) => {
  const files = Object.fromEntries(['all', 'eth0', 'eth1', '.x'].map((name) => [`/sys/${name}/rp_filter`, '0\n']));
  const said = (script: string): string => evaluated(script, { files }).outcome.stdout;
  t.is(said('echo /sys/*/rp_filter'), '/sys/all/rp_filter /sys/eth0/rp_filter /sys/eth1/rp_filter\n');
  t.is(said('for f in /sys/eth?/rp*; do echo "$f"; done'), '/sys/eth0/rp_filter\n/sys/eth1/rp_filter\n');
  t.is(
    said('x=/sys/e*; echo $x "$x" /none/* /sys/[!e]* /sys/.*'),
    '/sys/eth0 /sys/eth1 /sys/e* /none/* /sys/all /sys/.x\n',
  );
  t.is(said('set -f; echo /sys/*'), '/sys/*\n');
});

test('says where a script was ended, and by what', (t) => {
  const ended = (script: string): string => {
    const { status, stderr, at } = evaluated(script).outcome;
    return `${status} ${at ? formatLocation(at) : 'at its end'} ${stderr}`;
  };
  t.is(ended('ok; no'), '1 at its end ');
  t.is(ended('set -e\nok\n  fail 7\nok'), '7 up.sh:3:3 ');
  t.is(ended('set -u\nok a$x'), '2 up.sh:2:5 up.sh: 2: x: parameter not set\n');
  t.is(ended('ok\nok "${x:?not given}"'), '2 up.sh:2:5 up.sh: 2: x: not given\n');
  t.is(ended('exit 3'), '3 up.sh:1:1 ');
  t.is(ended('shift 2'), "2 up.sh:1:1 up.sh: 1: shift: can't shift that many\n");
});

test('set -x shows what is run', (t) => {
  const { outcome } = evaluated('x="a b"\ny=1 ok "$x" c 2>/dev/null', { set: ['x'] });
  t.is(outcome.stderr, '+ x=a b\n+ y=1 ok a b c\n');
});

test('runs programs by their paths, and says where they are', (t) => {
  const { machine, outcome } = evaluated(
    '/sbin/ip link; $(command -v ip) rule; command -v echo && command -v if || ok',
  );
  t.deepEqual(machine.record, ['ip 4:link', 'ip 4:rule']);
  t.is(outcome.stdout, 'echo\nif\n');
});

test('a program that throws ends the evaluation', (t) => {
  const machine = recordingMachine();
  const run = (): never => {
    throw new LabError('invalid', 'up.sh:1:4: unknown');
  };
  const options = { file: 'up.sh', environment: {}, machine: { ...machine, run } };
  t.throws(() => evaluate('(ok a) || ok b', options), { message: 'up.sh:1:4: unknown' });
});

test('takes variables from the environment, and options from its caller', (t) => {
  const { machine, outcome } = evaluated('ok "$GW1" ${PATH:+set} "$1"\nno\nok', {
    environment: { GW1: '203.0.113.1' },
    arguments: ['a'],
    set: ['e', 'u'],
  });
  t.deepEqual(machine.record, ['ok 11:203.0.113.1 3:set 1:a', 'no']);
  t.is(outcome.status, 1);
});

/** What is nested as deep as the parser lets it through. */
for (const [what, open, close] of [
  ['substitutions', 'ok $(', ')'],
  ['subshells', '( ', ' )'],
  ['defaults', 'ok ${x:-', '}'],
  ['parentheses in arithmetic', 'ok $((', '))'],
  ['arithmetic in defaults', 'ok $((${x:-', '}))'],
  ['negations in test', '[ ! ', ' ]'],
] as const) {
  test(`survives deeply nested ${what}`, (t: ExecutionContext) => {
    for (const depth of [50, 255, 256, 1000, 20_000]) {
      const inner = what.startsWith('arith') ? open.slice(3) : what === 'parentheses in arithmetic' ? '(' : open;
      const body = what === 'negations in test' ? `[ ${'! '.repeat(depth)}a ]` : `${open}${inner.repeat(depth)}`;
      const script = what === 'negations in test' ? body : `${body}ok${close.repeat(depth + 1)}`;
      try {
        evaluated(script);
      } catch (error) {
        t.true(error instanceof LabError, String(error));
      }
    }
    t.pass();
  });
}
