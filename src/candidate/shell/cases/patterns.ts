/** Patterns, in `case` and in the removal of prefixes and suffixes. */
import type { Case } from './case.ts';

export const patterns: readonly Case[] = [
  {
    script: 'for i in a b c; do case $i in b) continue;; c) break;; esac; ok $i; done; echo $?',
    stdout: '0\n',
    record: ['ok 1:a'],
  },
  {
    script: `x=a.b.c; echo \${x%.*} \${x%%.*} \${x#*.} \${x##*.} \${x%"."*} \${x%'.*'} "\${x%'.*'}" \${#x} \${x#z} \${x%\\.c}`,
    stdout: 'a.b a b.c c a.b a.b.c a.b.c 5 a.b.c a.b\n',
  },
  {
    script: `x='a*b'; echo "\${x#a\\*}" "\${x#*\\*}" "\${x%"*"b}"; p='a*'; echo "\${x#$p}" "\${x#"$p"}"`,
    stdout: 'b b a\n*b b\n',
  },
  {
    script: `case ab in a?) ok 1;; esac; case 'a*' in "a*") ok 2;; esac; case b in [!a]) ok 3;; esac; case - in [a-]) ok 4;; esac; case ] in []]) ok 5;; esac; case b in [^a]) ok 6;; esac; case x in [[:alpha:]]) ok 7;; esac`,
    record: ['ok 1:1', 'ok 1:2', 'ok 1:3', 'ok 1:4', 'ok 1:5', 'ok 1:7'],
  },
  {
    script: `p='a*'; case abc in $p) ok 1;; esac; case abc in "$p") ok 2;; *) ok 3;; esac; p='\\*'; case '*' in $p) ok 4;; *) ok 5;; esac`,
    record: ['ok 1:1', 'ok 1:3', 'ok 1:4'],
  },
  {
    script:
      'if no; then ok 1; elif ok 2; then ok 3; else ok 4; fi; if no; then :; fi; echo $?; case x in y) ;; esac; echo $?; no; case x in x) ;; esac; echo $?',
    stdout: '0\n0\n0\n',
    record: ['no', 'ok 1:2', 'ok 1:3', 'no', 'no'],
  },
  {
    script: 'f() { ok "$#" "$@"; set -- x y; ok "$@"; }; f 1 2; ok "$@"; f "$@"',
    record: ['ok 1:2 1:1 1:2', 'ok 1:x 1:y', 'ok 3:one 6:two  2 0:', 'ok 1:3 3:one 6:two  2 0:', 'ok 1:x 1:y'],
  },
  {
    script: `x='a\\b'; ok $x "$x" \${x}; echo "$x"; case $x in 'a\\b') ok 1;; *) ok 2;; esac; case 'a\\b' in $x) ok 3;; *) ok 4;; esac`,
    stdout: 'a\b\n',
    record: ['ok 3:a\\b 3:a\\b 3:a\\b', 'ok 1:1', 'ok 1:4'],
  },
  {
    script: `x='a[b]c'; p='[b]'; ok "\${x#a$p}" "\${x#a"$p"}"; case ']' in [!]]) ok 1;; *) ok 2;; esac; case 'b' in [a-c]) ok 3;; esac; case '-' in [!a-c]) ok 4;; esac; case 'a-' in a[-x]) ok 5;; esac; case '[' in [) ok 6;; esac; case 'a]' in [a]]) ok 7;; esac`,
    record: ['ok 5:a[b]c 1:c', 'ok 1:2', 'ok 1:3', 'ok 1:4', 'ok 1:5', 'ok 1:6', 'ok 1:7'],
  },
  {
    script: `case 'a b' in "a b") ok 1;; esac; case $1 in p*) ok 2;; esac; case x in x|y) ok 3;; esac; case '' in '') ok 4;; esac; case "$2" in "p 2") ok 5;; esac; case a in "$(echo a)") ok 6;; esac`,
    record: ['ok 1:1', 'ok 1:3', 'ok 1:4', 'ok 1:6'],
  },
  {
    script: `case '*' in \\*) ok 1;; esac; case 'x' in \\*) ok 2;; *) ok 3;; esac; case '\\' in \\\\) ok 4;; esac; case 'a' in [\\a]) ok 5;; esac; case '\\' in [\\\\]) ok 6;; esac; case ']' in [\\]]) ok 7;; esac;  case 'a]' in "[a]"]) ok 8;; ["a"]]) ok 9;; esac`,
    record: ['ok 1:1', 'ok 1:3', 'ok 1:4', 'ok 1:5', 'ok 1:6', 'ok 1:7', 'ok 1:9'],
  },
  {
    script:
      'x=abcabc; ok ${x#*b} ${x##*b} ${x%b*} ${x%%b*} ${x#?} ${x%?} ${x#[ab]} ${x%%[bc]*} ${x#} ${x%} ${x#abcabcd} ${x##*} "${x%%*}"',
    record: ['ok 4:cabc 1:c 4:abca 1:a 5:bcabc 5:abcab 5:bcabc 1:a 6:abcabc 6:abcabc 6:abcabc 0:'],
  },
  { script: 'f() { set -- "$@" x; ok $#; shift; ok "$*"; }; f a b; ok $#', record: ['ok 1:3', 'ok 3:b x', 'ok 1:3'] },
  {
    script: `x='a  b'; set -- $x; ok $# $1; set -- "$x"; ok $# "$1"; set -- $(echo c d) "\`echo e f\`"; ok "$@"`,
    record: ['ok 1:2 1:a', 'ok 1:1 4:a  b', 'ok 1:c 1:d 3:e f'],
  },
  {
    script: 'IFS=,; x=a,b,,c,; set -- $x; ok $# "$@"; y=$(echo 1,2); ok $y "$y"; for i in $x; do ok "$i"; done; ok a,b',
    record: ['ok 1:4 1:a 1:b 0: 1:c', 'ok 1:1 1:2 3:1,2', 'ok 1:a', 'ok 1:b', 'ok 0:', 'ok 1:c', 'ok 3:a,b'],
  },
  {
    script: `ok a;ok b;
# comment
ok c # more
ok d\\
e 'f
g' # "

ok "#h" i#j`,
    record: ['ok 1:a', 'ok 1:b', 'ok 1:c', 'ok 2:de 3:f\ng', 'ok 2:#h 3:i#j'],
  },
];
