/** What the shell's own commands write and answer. */
import type { Case } from './case.ts';

export const builtins: readonly Case[] = [
  { script: `unset IFS; x='a b'; ok $x "$*"`, record: ['ok 1:a 1:b 11:one two  2 '] },
  {
    script:
      'echo ${x-d} ${x:-d e} "${x:-"a b"}" ${x+s} ${1+"$@"} ${x=assigned} $x; x=; echo ${x-d}. ${x:-d} ${x:+s}. ${x+s}',
    stdout: 'd d e a b one two  2  assigned assigned\n. d . s\n',
  },
  {
    script: `echo "a\\nb" 'c\\td' -n; echo -n x; echo; echo 'a\\cb'; echo '\\0101\\101\\x'`,
    stdout: 'a\nb c\td -n\nx\naAA\\x\n',
  },
  {
    script: `printf '%s-%d\\n' a 1 b 2; printf '%5s|%-5s|%05d|%x|%o|%X|%u\\n' a b 42 255 8 255 -1; printf '%b' 'a\\tb\\n'; printf 'x\\n'; printf '%c%c\\n' abc def; printf '%.2s|\\n' abc; printf '%%\\101\\n'; printf '%d %d\\n' "'a" 0x1f; printf '%s\\n'; printf '\\\\ \\q \\c\\n'`,
    stdout: 'a-1\nb-2\n    a|b    |00042|ff|10|FF|18446744073709551615\na\tb\nx\nad\nab|\n%A\n97 31\n\n\\ \\q \\c\n',
  },
  { script: `printf '%d\\n' abc; echo $?; printf '%d\\n' 12x; echo $?`, stdout: '0\n1\n12\n1\n' },
  {
    script: `[ a = a ]; echo $?; [ a != a ]; echo $?; [ 1 -lt 2 ]; echo $?; [ -z "" ]; echo $?; [ -n "" ]; echo $?; [ "" ]; echo $?; [ ! a ]; echo $?; [ ]; echo $?; [ a -a b ]; echo $?; [ a -a "" -o b ]; echo $?; [ '(' a ')' ]; echo $?; [ ! a = b ]; echo $?; [ -n ]; echo $?; [ = = = ]; echo $?; [ a '<' b ]; echo $?; [ 1 -eq 01 ]; echo $?; [ ' 1 ' -eq 1 ]; echo $?`,
    stdout: '0\n1\n0\n0\n1\n1\n1\n1\n0\n0\n0\n0\n0\n0\n0\n0\n0\n',
  },
  {
    script:
      '[ a -eq 1 ]; echo $?; [ 1 == 1 ]; echo $?; [ a b ]; echo $?; [ a b c d e ]; echo $?; [ a; echo $?; [ 1 -eq ]; echo $?',
    stdout: '2\n2\n2\n2\n2\n2\n',
  },
  {
    script:
      'command ok a; ok() { echo func; }; ok b; command ok c; unset -f ok; ok d; command -v echo; command -v : ; command echo x; command',
    stdout: 'func\necho\n:\nx\n',
    record: ['ok 1:a', 'ok 1:c', 'ok 1:d'],
  },
  { script: `set -f; ok *.c [ab]; x='*'; ok $x "$x"`, record: ['ok 3:*.c 4:[ab]', 'ok 1:* 1:*'] },
  {
    script:
      'set -x; x="a b"; y=1 ok "$x" 2>/dev/null; for i in 1; do :; done; [ a = a ]; f() { ok in; }; f q >/dev/null',
    record: ['ok 3:a b', 'ok 2:in'],
  },
  {
    script: 'echo a; echo b >/nonexistent/x; echo $?; { echo c; } >/nonexistent/x; echo $?; : >/nonexistent/x; ok no',
    status: 2,
    stdout: 'a\n2\n2\n',
  },
  {
    script: 'echo ${1%1} ${1#p} "${2% 2}" ${#1} ${#} $# ${2+set} $10 ${10}.',
    stdout: 'one one two  3 3 3 set one0 .\n',
  },
  {
    script:
      'set -- "a b" c; for i; do ok "$i"; done; for i in "$@" $1; do ok "$i"; done; for i in; do ok no; done; ok "$i"',
    record: ['ok 3:a b', 'ok 1:c', 'ok 3:a b', 'ok 1:c', 'ok 1:a', 'ok 1:b', 'ok 1:b'],
  },
  { script: `echo "$(echo "a $(echo 'b c' "d")")" '$(x)' "\\$(x)" \`echo "a"\``, stdout: 'a b c d $(x) $(x) a\n' },
  {
    script: `set -- a '' b; ok $@ "$@" $* "$*" x$@y "x$@y" \${#} "\${@}" \${*}; IFS=; ok $@ $* "$*" "$@"; IFS=-; ok $@ $* "$*"; x=$*; ok "$x"; unset IFS; ok $* "$*"`,
    record: [
      'ok 1:a 1:b 1:a 0: 1:b 1:a 1:b 4:a  b 2:xa 2:by 2:xa 0: 2:by 1:3 1:a 0: 1:b 1:a 1:b',
      'ok 1:a 1:b 1:a 1:b 2:ab 1:a 0: 1:b',
      'ok 1:a 1:b 1:a 1:b 4:a--b',
      'ok 4:a--b',
      'ok 1:a 1:b 4:a  b',
    ],
  },
  {
    script: `set -- ' a ' 'b c'; ok $@ x$*y; IFS=:; ok $@ $*`,
    record: ['ok 1:a 1:b 1:c 1:x 1:a 1:b 2:cy', 'ok 3: a  3:b c 3: a  3:b c'],
  },
  { script: 'command break; for i in 1 2; do command break; ok $i; done; command exit 3; ok no', status: 3 },
  { script: 'command shift 9; echo $?; command export 1a; echo $?; shift 9; ok no', status: 2, stdout: '2\n2\n' },
  {
    script: 'unset -f nope; unset -v x; unset x y z; echo $?; f() { ok f; }; unset f; f; unset -f f',
    stdout: '0\n',
    record: ['ok 1:f'],
  },
  {
    script: `printf; echo $?; printf -- '%s\\n' a; printf '%s %s|' a b c; echo; printf 'no args\\n' x y; printf '%d' ''; printf '%s'; printf '\\n%d %i %o\\n' -5 +6 -1; printf '%x\\n' 0X1F 010`,
    stdout: '2\na\na b|c |\nno args\n0\n-5 6 1777777777777777777777\n1f\n8\n',
  },
  {
    script: `printf '%s\\n' "a\\nb" 'c\\d'; printf '%b\\n' 'a\\nb' '\\101\\0101\\\\'; printf 'a\\0101\\n'; printf '%3d|%-3d|%03d|%-03d\\n' 5 5 5 5; printf '%5.1s|\\n' abc; printf '%05d|%5d\\n' -3 -3`,
    stdout: 'a\\nb\nc\\d\na\nb\nAA\\\na\b1\n  5|5  |005|5  \n    a|\n-0003|   -3\n',
  },
  {
    script: `printf '%d\\n' 99999999999999999999; echo $?; printf '%d\\n' 08; echo $?; printf '%d\\n' ' 5'; echo $?; printf '%d\\n' '5 '; echo $?;  printf '%d\\n' '"'; printf '%d\\n' -; echo $?`,
    stdout: '9223372036854775807\n1\n0\n1\n5\n0\n5\n1\n0\n0\n1\n',
  },
  {
    script: `test a = a && ok 1; test; echo $?; test ! ; echo $?; test -n x -a 1 -eq 1 -o x = y; echo $?; test ! -z x -a ! x = y; echo $?; test \\( a = b -o c = c \\) -a d; echo $?; test '(' = '('; echo $?; test ! = !; echo $?; test -z -n; echo $?; test -n = -n; echo $?`,
    stdout: '1\n0\n0\n0\n0\n0\n0\n1\n0\n',
    record: ['ok 1:1'],
  },
  { script: 'echo a >&3; echo $?; ok b', stdout: '2\n', record: ['ok 1:b'] },
];
