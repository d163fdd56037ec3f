/** Loops, conditions, subshells and groups. */
import type { Case } from './case.ts';

export const control: readonly Case[] = [
  { script: 'false; echo $(exit 3) $?', stdout: '1\n' },
  {
    script: 'x=$(fail 3); echo $?; fail 4; echo $?; $(fail 5); echo $?; $(true); echo $?',
    stdout: '3\n4\n5\n0\n',
    record: ['fail 1:3', 'fail 1:4', 'fail 1:5'],
  },
  {
    script:
      'for i in 1 2; do for j in a b; do ok $i$j; continue 2; done; done; for i in 1 2; do for j in a b; do ok $i$j; break 5; done; done; ok end',
    record: ['ok 2:1a', 'ok 2:2a', 'ok 2:1a', 'ok 3:end'],
  },
  { script: 'for i in 1 2; do (break; ok x); ok $i $?; done', record: ['ok 1:1 1:0', 'ok 1:2 1:0'] },
  { script: 'x=5; (x=6; ok $x); ok $x; echo a | x=7; ok $x', record: ['ok 1:6', 'ok 1:5', 'ok 1:5'] },
  {
    script: `x='a
b'; ok $x "$x"; ok "$(echo 'a
b

')" $(echo 'a b
c')`,
    record: ['ok 1:a 1:b 3:a\nb', 'ok 3:a\nb 1:a 1:b 1:c'],
  },
  {
    script: 'true && ok 1 || ok 2; false && ok 3 || ok 4; true || ok 5 && ok 6',
    record: ['ok 1:1', 'ok 1:4', 'ok 1:6'],
  },
  {
    script: `IFS='
'; x='a b
c d

e'; ok $x; ok $(printf 'q r\\ns\\n')`,
    record: ['ok 3:a b 3:c d 1:e', 'ok 3:q r 1:s'],
  },
  {
    script:
      'ok "${x-$(echo "a b")}" ${x-$(echo "a b")} "${x-`echo c`}" ${x+"y"} "${x+"y"}"  ${1:+"$2"} ${1:+$2} "${1:+"$2"}"',
    record: ['ok 3:a b 1:a 1:b 1:c 0: 6:two  2 3:two 1:2 6:two  2'],
  },
  {
    script:
      'for i in 1 2 3; do [ $i = 2 ] || continue; ok $i; break; done; echo $?; for i in; do :; done; echo $?; for i in 1; do no; done; echo $?; while no; do :; done; echo $?',
    stdout: '0\n0\n1\n0\n',
    record: ['ok 1:2', 'no', 'no'],
  },
  {
    script: 'exit 7 | exit 3; echo $?; (exit); echo $?; no; (exit); echo $?; no; exit',
    status: 1,
    stdout: '3\n0\n1\n',
    record: ['no', 'no'],
  },
  {
    script: 'x=1; { x=2; }; ok $x; ( { x=3; } ); ok $x; if x=4; then :; fi; ok $x',
    record: ['ok 1:2', 'ok 1:2', 'ok 1:4'],
  },
  {
    script: 'ok {a,b} a{1..3} {x} { } }; x={a,b}; ok $x; ok $x{c,"d e",$1}',
    record: ['ok 5:{a,b} 7:a{1..3} 3:{x} 1:{ 1:} 1:}', 'ok 5:{a,b}', 'ok 16:{a,b}{c,d e,one}'],
  },
  { script: '{ echo a; { echo b; } >&2; echo c; } 2>/dev/null; { echo d >&2; } 2>&1', stdout: 'a\nc\nd\n' },
];
