/** Where `set -e` and `set -u` end a script, and where not. */
import type { Case } from './case.ts';

export const errors: readonly Case[] = [
  {
    script: 'set -e; no || ok a; no && ok b; if no; then ok c; fi; ! ok d; ok e; no; ok f',
    status: 1,
    record: ['no', 'ok 1:a', 'no', 'no', 'ok 1:d', 'ok 1:e', 'no'],
  },
  { script: 'set -e; f() { no; ok in; }; f || ok x; f; ok y', status: 1, record: ['no', 'ok 2:in', 'no'] },
  { script: 'set -e; (no; ok a) || ok b; x=$(no; echo hi); ok c', status: 1, record: ['no', 'ok 1:a', 'no'] },
  { script: 'set -e; x=$(no; echo hi) || ok b; ok "$x"', record: ['no', 'ok 1:b', 'ok 0:'] },
  {
    script: 'set -e; f() { local x=$(no); ok here; }; f; y=$(no); ok not',
    status: 1,
    record: ['no', 'ok 4:here', 'no'],
  },
  {
    script: 'set -e; while no; do :; done; until ok; do :; done; for i in a b; do no && ok; done; ok z',
    record: ['no', 'ok', 'no', 'no', 'ok 1:z'],
  },
  {
    script:
      'set -- a b c; ok $# "$@"; shift; ok "$@"; shift 2; ok $#; set -- -a; ok "$@"; set x; ok "$@"; set -e -- y z; ok "$@"; set +e; no; ok "${1}" ${10-none}',
    record: ['ok 1:3 1:a 1:b 1:c', 'ok 1:b 1:c', 'ok 1:0', 'ok 2:-a', 'ok 1:x', 'ok 1:y 1:z', 'no', 'ok 1:y 4:none'],
  },
  { script: 'set -u; echo ${x-d} ${#}; f() { echo "$@" $*; }; f; echo $x; ok no', status: 2, stdout: 'd 3\n\n' },
  { script: 'set -u; x=; echo "$x" ${x:-e}; echo ${#y}; ok no', status: 2, stdout: ' e\n' },
  { script: 'echo ${x?message}; ok no', status: 2 },
  { script: '(echo ${x:?}; ok no); echo $?; ok yes', stdout: '2\n', record: ['ok 3:yes'] },
  { script: 'readonly r=1; (r=2; ok no); echo $?; export r; echo $r; unset r; ok no', status: 2, stdout: '2\n1\n' },
  {
    script: 'x="a b"; export y=$x z="$x"; ok "$y" $y; f() { local q=$x; ok "$q"; }; f; readonly w=$x; ok "$w"; ok v=$x',
    record: ['ok 3:a b 1:a 1:b', 'ok 3:a b', 'ok 3:a b', 'ok 3:v=a 1:b'],
  },
  { script: 'set -e; f() { return 1; }; if f; then :; fi; f || :; f; ok no', status: 1 },
  {
    script: 'set -e; { no; } || ok 1; { no; ok 2; } && ok 3; (no) && ok; (no); ok no',
    status: 1,
    record: ['no', 'ok 1:1', 'no', 'ok 1:2', 'ok 1:3', 'no', 'no'],
  },
  {
    script: `set -e; eval 'no' || ok 1; eval 'no; ok 2' || ok 3; eval no; ok not`,
    status: 1,
    record: ['no', 'ok 1:1', 'no', 'ok 1:2', 'no'],
  },
  {
    script: 'set -e; case $(no; ok sub) in *) ok 1;; esac; for i in $(no; ok sub2) b; do ok $i; done; ok $(no) end',
    record: ['no', 'ok 1:1', 'no', 'ok 1:b', 'no', 'ok 3:end'],
  },
  { script: 'set -e; { ok c; } >/nonexistent/x; ok $?; ok d >/nonexistent/x; ok no', status: 2 },
  { script: '(: ${x?}) || ok 1; $(exit 2) || ok 2; exit', record: ['ok 1:1', 'ok 1:2'] },
  {
    script: 'set -e; { ok c; } >/nonexistent/x || ok 1; if { ok d; } >/nonexistent/x; then :; else ok 2; fi; ok 3',
    record: ['ok 1:1', 'ok 1:2', 'ok 1:3'],
  },
  {
    script: 'set -e; x=$(f() { no; ok no; }; f) || ok 1; f() { x=$(no); ok no; }; f',
    status: 1,
    record: ['no', 'ok 1:1', 'no'],
  },
  { script: 'set -e; no && no; ok 1; no || no; ok no', status: 1, record: ['no', 'ok 1:1', 'no', 'no'] },
  {
    script: 'set -e; say | (no; ok no) || ok 1; (no || no) ; ok no',
    status: 1,
    record: ['no', 'ok 2:no', 'no', 'no'],
  },
  {
    script: 'set -e; if (no; ok a); then ok b; fi; { no && ok; }; ok c; (no && ok); ok d',
    status: 1,
    record: ['no', 'ok 1:a', 'ok 1:b', 'no', 'ok 1:c', 'no'],
  },
  { script: 'set -e; f() { no && ok; }; f; ok no', status: 1, record: ['no'] },
  {
    script:
      'set -e; for i in 1; do no && ok; done; ok 1; while ok; do no || break; done; ok 2; case a in a) no && ok;; esac; ok 3; if ok; then no && ok; fi; ok 4',
    record: ['no', 'ok 1:1', 'ok', 'no', 'ok 1:2', 'no', 'ok 1:3', 'ok', 'no', 'ok 1:4'],
  },
  {
    script: 'set -e; ! { no; ok a; }; ok b; ! (no; ok c); ok d',
    record: ['no', 'ok 1:a', 'ok 1:b', 'no', 'ok 1:c', 'ok 1:d'],
  },
  {
    script: 'set -e; : $(no); ok 1; ok $(no) ; readonly x=$(no); export y=$(no); ok 2; z=$(no) ok 3; z=$(no); ok no',
    status: 1,
    record: ['no', 'ok 1:1', 'no', 'ok', 'no', 'no', 'ok 1:2', 'no', 'ok 1:3', 'no'],
  },
  { script: 'set -e; $(no); ok no', status: 1, record: ['no'] },
  { script: 'set -e; `echo no`; ok no', status: 1, record: ['no'] },
  {
    script: 'set -e; set +e; no; ok 1; set -e; (set +e; no; ok 2); no; ok 3',
    status: 1,
    record: ['no', 'ok 1:1', 'no', 'ok 1:2', 'no'],
  },
  { script: 'set -eu; ok ${1-} ${x:-}; ok "$x"; ok no', status: 2, record: ['ok 3:one'] },
  {
    script: 'set -u; (ok $x; ok no); echo $?; ok ${#} "$@"; set --; ok "$@" $* $#; ok $1; ok no',
    status: 2,
    stdout: '2\n',
    record: ['ok 1:3 3:one 6:two  2 0:', 'ok 1:0'],
  },
  {
    script: `set -u; ok "\${x+a}" "\${x-b}" \${x=c} $x; unset x; x=$((x+1)); ok $x; eval 'ok $undefined'; ok no`,
    status: 2,
    record: ['ok 0: 1:b 1:c 1:c', 'ok 1:1'],
  },
  {
    script: 'set -e -u a b; ok "$@"; set -- ; ok $#; set -eu -- -x; ok "$@"; set +eu; ok ${unset}',
    record: ['ok 1:a 1:b', 'ok 1:0', 'ok 2:-x', 'ok'],
  },
  {
    script: 'set -e; ok && no && ok 1; ok 2; no || ok && no || ok 3',
    record: ['ok', 'no', 'ok 1:2', 'no', 'ok', 'no', 'ok 1:3'],
  },
  { script: 'take <<E\n${u?gone}\nE\nok $?', record: ['ok 1:2'] },
  { script: ': <<E\n${u?gone}\nE\nok no', status: 2 },
  { script: 'y=${y:=a} x=b ok; ok $x$y', record: ['ok', 'ok 1:a'] },
];
