/** Functions, their parameters and variables. */
import type { Case } from './case.ts';

export const functions: readonly Case[] = [
  {
    script: 'f() { for i in 1 2; do return 7; done; }; f; echo $?; f() { (return 3; ok a); echo $?; }; f',
    stdout: '7\n3\n',
  },
  { script: 'f() { break; ok f; }; for i in 1 2; do f; ok $i; done', record: ['ok 1:f', 'ok 1:1', 'ok 1:f', 'ok 1:2'] },
  {
    script: 'x=1; f() { local x=2 y; ok $x "${y-unset}"; g; x=3; }; g() { ok g$x; x=9; }; y=out; f; ok $x $y',
    record: ['ok 1:2 3:out', 'ok 2:g2', 'ok 1:1 3:out'],
  },
  {
    script: `x=a; f() { ok $x; x=c; }; x=b f; ok $x; x=d ok; ok $x; x=e :; ok $x; x=g eval 'ok $x'; ok $x`,
    record: ['ok 1:b', 'ok 1:a', 'ok', 'ok 1:a', 'ok 1:e', 'ok 1:g', 'ok 1:g'],
  },
  {
    script: `eval 'x=1; ok $x' '; ok 2'; eval; echo $?; eval 'no'; echo $?; eval "f() { ok \\$1; }"; f a`,
    stdout: '0\n1\n',
    record: ['ok 1:1', 'ok 1:2', 'no', 'ok 1:a'],
  },
  { script: 'f() { exit 4; }; (f; ok); echo $?; f; ok', status: 4, stdout: '4\n' },
  { script: 'shift 5; ok', status: 2 },
  {
    script: 'x=1; unset x y; echo ${x-unset}; f() { unset x; ok "${x-un}"; }; x=1 f; ok "${x-un2}"',
    stdout: 'unset\n',
    record: ['ok 2:un', 'ok 3:un2'],
  },
  {
    script: 'no; f() { ok $?; }; f; no; x=1; echo $?; no; x=$(ok); echo $?; no || x=2; echo $?',
    stdout: '0\n0\n0\n',
    record: ['no', 'ok 1:0', 'no', 'no', 'ok', 'no'],
  },
  {
    script:
      'f() { while :; do return 3; done; }; f; echo $?; f() { for i in a; do f2; done; }; f2() { continue; ok no; }; f; echo $?',
    stdout: '3\n0\n',
    record: ['ok 2:no'],
  },
  { script: 'f() { local a=1; local b="$a"2; ok "$a$b"; (a=9; ok $a); ok $a; local -; }' },
  {
    script: 'f() { echo out; echo err >&2; return 3; }; x=$(f 2>&1); echo "$? $x"; x=$(f 2>/dev/null) || echo "$? $x"',
    stdout: '3 out\nerr\n3 out\n',
  },
  {
    script: `x=1; x=2 eval 'ok $x'; ok $x; x=3 command eval 'ok $x'; ok $x; x=5 export y; ok $x`,
    record: ['ok 1:2', 'ok 1:2', 'ok 1:3', 'ok 1:2', 'ok 1:5'],
  },
  {
    script: 'f() { ok 1; }; f() { ok 2; }; f; g() (x=5; ok $x); g; ok "${x-un}"; h() if ok; then ok h; fi; h',
    record: ['ok 1:2', 'ok 1:5', 'ok 2:un', 'ok', 'ok 1:h'],
  },
  { script: 'f() { f() { ok inner; }; ok outer; }; f; f', record: ['ok 5:outer', 'ok 5:inner'] },
  {
    script:
      'true() { ok mytrue; }; true; unset -f true; true; echo() { ok myecho "$@"; }; echo a; unset -f echo; echo b',
    stdout: 'b\n',
    record: ['ok 6:mytrue', 'ok 6:myecho 1:a'],
  },
  {
    script: `eval 'x=$(echo "a b")' ; eval ok '$x' '"$x"'; y='ok "q r"'; $y; eval "$y"; eval "eval \\"ok \\\\\\$1\\""; eval 'for i in 1; do' 'ok $i; done'`,
    record: ['ok 1:a 1:b 3:a b', 'ok 2:"q 2:r"', 'ok 3:q r', 'ok 3:one', 'ok 1:1'],
  },
  { script: `eval 'return 3'; ok no`, status: 3 },
  {
    script: `f() { eval 'return 3'; ok no; }; f; echo $?; for i in 1 2; do eval 'continue'; ok no; done; for i in 1 2; do eval break; done; ok $i`,
    stdout: '3\n',
    record: ['ok 1:1'],
  },
  { script: 'x=1; x=2 x=3 ok; f() { local x=4; local x=5; ok $x; }; f; ok $x', record: ['ok', 'ok 1:5', 'ok 1:1'] },
];
