/** Quoting, expansion and field splitting. */
import type { Case } from './case.ts';

export const fields: readonly Case[] = [
  {
    script: `ok a "b c" 'd' "$1" $2 "$2" $3 "$3" "$@" $@ "$*" $*`,
    record: [
      'ok 1:a 3:b c 1:d 3:one 3:two 1:2 6:two  2 0: 3:one 6:two  2 0: 3:one 3:two 1:2 11:one two  2  3:one 3:two 1:2',
    ],
  },
  { script: `x=' a  b '; ok $x "$x" y$x"z" $x$x`, record: ['ok 1:a 1:b 6: a  b  1:y 1:a 1:b 1:z 1:a 1:b 1:a 1:b'] },
  {
    script: `IFS=:; x='a::b:'; ok $x; x=':a'; ok $x; ok "$*" $*; x=$*; y="$*" z=$@ w="$@"; ok "$x" "$y" "$z" "$w"`,
    record: [
      'ok 1:a 0: 1:b',
      'ok 0: 1:a',
      'ok 11:one:two  2: 3:one 6:two  2',
      'ok 11:one:two  2: 11:one:two  2: 11:one:two  2: 11:one:two  2:',
    ],
  },
  { script: `IFS=' :'; x=' a : b :: c : '; ok $x`, record: ['ok 1:a 1:b 0: 1:c'] },
  {
    script: `IFS=; ok $* "$*" $@; x='a b'; ok $x`,
    record: ['ok 3:one 6:two  2 9:onetwo  2 3:one 6:two  2', 'ok 3:a b'],
  },
  { script: `x=\`echo a\\\`echo b\\\`c\`; echo "$x" "\`echo "q r"\`" \`echo '\\\\$x'\``, stdout: 'abc q r \\$x\n' },
  { script: `x='-n'; ok "\${x}y" $x'z' "$x"\\ w ""'' ''""`, record: ['ok 3:-ny 3:-nz 4:-n w 0: 0:'] },
  {
    script: `ok a$3b "$3" $3 "$3$3" $3"$3" "\${x}" \${x} \${x:-} "\${x:-}" \${x:-""} \${x:-''}`,
    record: ['ok 2:ab 0: 0: 0: 0: 0: 0: 0:'],
  },
  {
    script: `ok "\${x:-a}b" \${x:-a b}c \${x:-"a b"}c \${x:-a "b c" d} "\${x:-a 'b' c}" "\${x:-$2}" \${x:-$2} \${x:-"$@"} "\${x:-$@}"`,
    record: ["ok 2:ab 1:a 2:bc 4:a bc 1:a 3:b c 1:d 7:a 'b' c 6:two  2 3:two 1:2 3:one 6:two  2 0: 3:one 6:two  2 0:"],
  },
  {
    script: `ok \\* '*' "*" \\[a\\] \\a \\$x a\\
b`,
    record: ['ok 1:* 1:* 1:* 3:[a] 1:a 2:$x 2:ab'],
  },
  { script: 'exit 300', status: 44 },
  { script: 'return 5; ok', status: 5 },
  {
    script: 'ok ${x-a:b} ; IFS=:; ok ${x-a:b} a:b "a:b" ${x-"a:b"}',
    record: ['ok 3:a:b', 'ok 1:a 1:b 3:a:b 3:a:b 3:a:b'],
  },
  { script: `ok "a\\b\\\\c\\$\\"\\\`" 'a\\b' a\\\\b`, record: ['ok 8:a\\b\\c$"` 3:a\\b 3:a\\b'] },
  { script: 'export A B=2; ok "${A-unset}" $B; export A=1; ok $A', record: ['ok 5:unset 1:2', 'ok 1:1'] },
  {
    script: `IFS=', '; x='a , b  c,,d '; ok $x; x=' ,a'; ok $x; x='a ,'; ok $x; x=' , '; ok $x; x=','; ok $x; x=' '; ok $x`,
    record: ['ok 1:a 1:b 1:c 0: 1:d', 'ok 0: 1:a', 'ok 1:a', 'ok 0:', 'ok 0:', 'ok'],
  },
  {
    script: 'IFS=xy; v=axbycxxd; ok $v; v=xx; ok $v; ok "x$v"y$v',
    record: ['ok 1:a 1:b 1:c 0: 1:d', 'ok 0: 0:', 'ok 4:xxxy 0:'],
  },
  {
    script: `ok "a\${x:-"b c"}d" a\${x:-b\\ c}d a\${x:-'b c'}d "\${x:-\\"q\\"}" "\${x:-\\}}" \${x:-\\}} "\${x:-\\a}" \${x:-\\a}`,
    record: ['ok 5:ab cd 5:ab cd 5:ab cd 3:"q" 1:} 1:} 2:\\a 1:a'],
  },
  {
    script: `ok \${x-} "\${x-}" \${x-""} \${x+} "\${x+}" a\${x-}b "$x" ''$x $x'' $x$x`,
    record: ['ok 0: 0: 0: 2:ab 0: 0: 0:'],
  },
  {
    script: 'x=a; x=b$x; x=$x$x y=$x; ok $x $y; x= y=1; ok "$x" $y; A=1 B=$A; ok $B',
    record: ['ok 4:baba 4:baba', 'ok 0: 1:1', 'ok 1:1'],
  },
  { script: 'exit 1x; ok no', status: 2 },
];
