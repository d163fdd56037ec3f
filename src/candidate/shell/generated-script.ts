/** Scripts at random, of all that the evaluator supports; each ends, and none depends on which of two processes is faster. */
import fc from 'fast-check';

type Text = fc.Arbitrary<string>;

/** Arbitraries put together like the text they stand for. */
function text(strings: TemplateStringsArray, ...values: readonly Text[]): Text {
  return fc.tuple(...values).map((drawn) => String.raw({ raw: strings }, ...drawn));
}

const name = fc.constantFrom('x', 'y', 'z');
const literal = fc.constantFrom(
  'a',
  'b',
  'ab',
  'a.b.c',
  '1',
  '20',
  ':',
  'a:b',
  '-',
  '/',
  '=',
  'x=1',
  '{a,b}',
  'a#',
  '^',
  '%',
);
const quoted = fc.constantFrom(
  "'a b'",
  "''",
  '""',
  '" "',
  '"a  b:c"',
  '\\ ',
  '\\\\',
  '"\\$x"',
  "'$x'",
  '"\\\\"',
  "'\\'",
  '"\'"',
  '\\"',
  '.\\\nb',
);
const pattern = fc.constantFrom(
  '*',
  '?',
  'a*',
  '*b',
  '[ab]',
  '[!a]',
  '[a-c]*',
  'a',
  '"*"',
  '\\*',
  '*:*',
  '*.',
  '.*',
  '"$x"',
  '$x',
  '[[:digit:]]*',
  '[]a]',
  '[',
  "'a'*",
  '*" "*',
);
const parameter = fc.constantFrom('1', '2', '3', '4', '#', '?', 'x', 'y', 'z', 'u');

const { list } = fc.letrec<
  Record<'word' | 'part' | 'inner' | 'command' | 'list' | 'compound' | 'arithmetic' | 'expansion', string>
>((tie) => ({
  word: fc.oneof(
    { depthIdentifier: 'word' },
    {
      weight: 9,
      arbitrary: fc
        .array(tie('part'), { minLength: 1, maxLength: 3, depthIdentifier: 'word' })
        .map((parts) => parts.join('')),
    },
    // By themselves: next to other expansions, dash sometimes splits what it should not.
    { weight: 2, arbitrary: fc.constantFrom('"$@"', '$@', '$*', '"$*"', 'a"$@"b', '"x $*"') },
  ),
  part: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'word' },
    literal,
    quoted,
    text`$${name}`,
    text`"$${name}"`,
    tie('expansion'),
    text`"${tie('expansion')}"`,
    text`"a ${tie('expansion')} b"`,
  ),
  inner: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'word' },
    fc.constantFrom('', 'a', 'a b', 'a:b'),
    text`$${name}`,
    tie('expansion'),
  ),
  expansion: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'word' },
    text`\${${parameter}}`,
    text`\${${name}${fc.constantFrom('', ':')}${fc.constantFrom('-', '=', '+')}${tie('inner')}}`,
    text`\${${fc.constantFrom('x', 'y', '1', '2')}${fc.constantFrom('#', '##', '%', '%%')}${pattern}}`,
    text`\${#${fc.constantFrom('x', 'y', '1', 'u')}}`,
    text`$(${tie('command')})`,
    text`\`say ${literal}\``,
    text`$((${tie('arithmetic')}))`,
  ),
  arithmetic: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'word' },
    fc.integer({ min: 0, max: 40 }).map(String),
    fc.constantFrom('0x1F', '010', '9223372036854775807', 'n', 'm', '$n', '${#x}', '$#'),
    text`${tie('arithmetic')} ${fc.constantFrom('+', '-', '*', '/', '%', '<<', '>>', '<', '<=', '>', '>=', '==', '!=', '&', '^', '|', '&&', '||')} ${tie('arithmetic')}`,
    text`(${tie('arithmetic')})`,
    text`${fc.constantFrom('-', '+', '~', '!')} ${tie('arithmetic')}`,
    text`(${fc.constantFrom('n', 'm')} ${fc.constantFrom('=', '+=', '-=', '*=', '<<=', '|=', '&=', '^=')} ${tie('arithmetic')})`,
    text`(${tie('arithmetic')} ? ${tie('arithmetic')} : ${tie('arithmetic')})`,
  ),
  command: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'command' },
    { weight: 6, arbitrary: text`ok ${tie('word')} ${tie('word')}` },
    { weight: 3, arbitrary: text`say ${tie('word')}` },
    { weight: 3, arbitrary: text`${name}=${tie('word')}` },
    { weight: 2, arbitrary: fc.constantFrom('no', 'fail 3', 'false', 'true', ':') },
    { weight: 20, arbitrary: tie('compound') },
  ),
  compound: fc.oneof(
    { depthIdentifier: 'command' },
    text`${name}=${tie('word')} ${name}=${tie('word')} ok "$x" $y`,
    text`echo ${tie('word')} ${tie('word')}`,
    text`printf '%s|%5s|%b\\n' ${tie('word')} "${tie('inner')}"`,
    text`printf '%d %x %03d\\n' $((${tie('arithmetic')})) $((${tie('arithmetic')}))`,
    text`[ ${tie('word')}${fc.constantFrom(' = ', ' != ')}${tie('word')} ]`,
    text`[ "${tie('inner')}"${fc.constantFrom(' = ', ' != ', ' -a ', ' -o ')}"${tie('inner')}" ]`,
    text`[ ${fc.constantFrom('', '! ')}$((${tie('arithmetic')}))${fc.constantFrom(' -eq ', ' -ne ', ' -lt ', ' -le ', ' -gt ', ' -ge ')}$# ]`,
    text`if ${tie('list')}; then ${tie('list')}; else ${tie('list')}; fi`,
    text`if ${tie('list')}; then ${tie('list')}; elif ${tie('command')}; then ${tie('list')}; fi`,
    text`for ${name} in ${tie('word')} ${tie('word')}; do ${tie('list')}; done`,
    text`for ${name}; do ${tie('list')}; ${fc.constantFrom('break', 'continue', ':', 'break 2', 'no && continue')}; ${tie('command')}; done`,
    text`i=0; while i=$((i + 1)); [ $i -le 3 ]; do ${tie('list')}; [ $i -eq 2 ] && break; done`,
    text`j=0; until j=$((j + 1)); [ $j -ge 3 ]; do ${tie('list')}; done`,
    text`case ${tie('word')} in ${pattern} | ${pattern}) ${tie('list')} ;; ${pattern}) ${tie('command')} ;; esac`,
    text`${tie('command')} && ${tie('command')} || ${tie('command')}`,
    text`${tie('command')} || ${tie('command')} && ${tie('command')}`,
    text`! { ${tie('command')}\n}`,
    text`{ ${tie('list')}; }`,
    text`{ ${tie('command')}\n} & ${fc.constantFrom('wait', 'wait; ok $?', 'wait $!; ok $?', 'x=$!; wait $x')}`,
    text`${fc.constantFrom('x', 'y')}=$({ ${tie('command')}\n} & true)`,
    text`( exec ${fc.constantFrom('ok', 'say', 'fail 3', '>/dev/null; say')} ${tie('word')}; ok )`,
    text`{ ${tie('command')}\n} | sort | awk '{ print $2 }'`,
    text`( ${tie('list')})`,
    text`{ ${tie('list')}; } ${fc.constantFrom('>/dev/null', '2>/dev/null', '>&2', '2>&1', '>/dev/null 2>&1', '2>&1 >/dev/null')}`,
    text`say ${tie('word')} ${tie('word')} | take`,
    text`printf '%s\\n' ${tie('word')} ${tie('word')} | while ${fc.constantFrom('', 'IFS=: ')}read ${fc.constantFrom('', '-r ')}x y; do ok "$x" "$y"; done`,
    text`{ { read x; read -r y z; take; } <<E\n${tie('word')} ${tie('word')}\n${tie('inner')}:b\n c\nE\n}`,
    text`{ take <<${fc.constantFrom('E', '"E"', '-E', "-'E'")}\n\t$x \${y} \\$x \\a 'q' "r" $((1 + 1)) $(say in)\n\t\tb\nE\n}`,
    text`{ f() { ${tie('list')}; ${fc.constantFrom('return', 'return 3', ':', 'shift', 'set -- q "r s"')}; }; f ${tie('word')}; ok $? $#; }`,
    text`{ g() { local x=${tie('word')} y; x=$x$1 y=l; ${tie('list')}; }; x=t g ${tie('word')}; ok "$x" "\${y-}"; }`,
    text`eval ${fc.constantFrom("'ok $x'", '"ok \\"\\$y\\""', "'x=1; no'", "'return 2'", "'f() { ok ef; }'", "'for x in 1 2; do' 'ok $x; done'")}`,
    text`set -- ${tie('word')} ${tie('word')}; shift; ok $# "$@"`,
    text`set ${fc.constantFrom('-e', '+e', '-u', '+u', '-eu', '-f', '+f', '-o errexit')}`,
    text`IFS=${fc.constantFrom(':', "' :'", "''", "','", "' '")}`,
    fc.constantFrom(
      'unset IFS',
      'unset x',
      'unset y z',
      'export x',
      'export y=1',
      'command ok a',
      'exit',
      'exit 4',
      '(exit 5)',
      'break',
      'n=5',
      'm=-3',
      'readonly u',
    ),
    text`export x=${tie('word')}`,
    fc.constantFrom('$(no)', '$(true)', '$(fail 7)'),
    text`ok ${fc.constantFrom("'*'", '\\*', '"[a]"', '\\?', "'a*'b")}`,
    text`ok \${u?gone}`,
  ),
  list: fc
    .array(tie('command'), { minLength: 1, maxLength: 3, depthIdentifier: 'command' })
    .map((commands) => commands.join('\n')),
}));

export const generatedScript: Text = fc
  .tuple(
    fc.constantFrom('', '', '', 'set -e\n', 'set -u\n', 'set -eu\n'),
    fc.array(list, { minLength: 1, maxLength: 5 }),
  )
  .map(([flags, lists]) => `${flags}x='a  b:c' y= z=1 n=3 m=0\n${lists.join('\n')}\nok end $?\n`);
