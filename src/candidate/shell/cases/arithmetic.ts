/** Arithmetic. */
import type { Case } from './case.ts';

export const arithmetic: readonly Case[] = [
  {
    script:
      'while :; do x=$((x+1)); [ $x -ge 3 ] && break; done; ok $x; until [ $x -eq 0 ]; do x=$((x-1)); done; ok $x',
    record: ['ok 1:3', 'ok 1:0'],
  },
  {
    script: ': ${x:=a b}; ok $x "$x"; : "${y:=c d}"; ok "$y" $((${#x}+1))',
    record: ['ok 1:a 1:b 3:a b', 'ok 3:c d 1:4'],
  },
  {
    script: `ok $(( 1 +
2 )) "$((1))"x $((1))$((2))`,
    record: ['ok 1:3 2:1x 2:12'],
  },
  { script: 'IFS=1; ok $((101)) "$((101))" x$((10))', record: ['ok 0: 1:0 3:101 1:x 1:0'] },
  { script: 'x=$((1/0)); ok no', status: 2 },
  { script: 'x=1x; echo $((x)); ok', status: 2 },
  { script: 'echo $((08)); ok', status: 2 },
  {
    script: 'ok "$((1+$(echo 2)))" $((`echo 3`*2)) "$(( ${x:-4} + 1 ))" $(($# + $1${x:-}))',
    record: ['ok 1:3 1:6 1:5 1:3'],
  },
  {
    script:
      'p1=5; ok $(($1)) $(( $1 + p1 )) $(( - - 1 )) $((+1)) $((- 1 - -1)) $((!0+1)) $((~1&3)) $((1<2<3)) $((2*3%4)) $((1?0?1:2:3)) $((0?1:0?2:3))',
    record: ['ok 1:0 1:5 1:1 1:1 1:0 1:2 1:2 1:1 1:2 1:2 1:3'],
  },
  {
    script: `x=010 y=0x10 z=' 7 ' n=-5; ok $((x)) $((y)) $((z)) $((n)) $((-n)) $((e)); e=; ok $((e+1))`,
    record: ['ok 1:8 2:16 1:7 2:-5 1:5 1:0', 'ok 1:1'],
  },
  { script: 'x=5; ok $((x=1,y=2))', status: 2 },
  { script: 'ok $((1 +)); ok no', status: 2 },
  { script: 'ok $((x y)); ok no', status: 2 },
  { script: 'ok $(()) ; ok no', status: 2 },
  {
    script:
      'ok $((x = 5 ? 6 : 7)) $x $((y += x *= 2)) $x $y $((1 || (z=1))) ${z-un} $((0 ? (z=1) : 2)) ${z-un} $((1 && 2 && 0)) $((5 != 5 || 2 > 1))',
    record: ['ok 1:6 1:6 2:12 2:12 2:12 1:1 2:un 1:2 2:un 1:0 1:1'],
  },
  {
    script: 'f() { [ $1 -gt 3 ] && return; ok $1; f $(($1+1)); ok back$1; }; f 1; echo $?',
    stdout: '0\n',
    record: ['ok 1:1', 'ok 1:2', 'ok 1:3', 'ok 5:back3', 'ok 5:back2', 'ok 5:back1'],
  },
  {
    script: 'while [ ${i:=0} -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; ok $i; done; echo $?',
    stdout: '0\n',
    record: ['ok 1:1', 'ok 1:3'],
  },
];
