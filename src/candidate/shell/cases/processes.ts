/** Processes beside each other, what they wait for, and programs that any machine has. Each ends alike whoever is faster. */
import type { Case } from './case.ts';

export const processes: readonly Case[] = [
  { script: 'ok a & wait; ok b; echo $?', stdout: '0\n', record: ['ok 1:a', 'ok 1:b'] },
  {
    script: 'echo "$!"; fail 3 & wait $!; echo $?; wait; echo $?; wait $!; wait 99999; echo $?; no & echo $?; wait',
    stdout: '\n3\n0\n127\n0\n',
    record: ['fail 1:3', 'no'],
  },
  {
    script: '(exit 4) & x=$!; no; (exit 5) & y=$!; wait $x; echo $?; wait $x $y; echo $?; (wait $y; echo $?)',
    stdout: '4\n5\n127\n',
    record: ['no'],
  },
  {
    script: 'x=1; { x=2; ok $x; } & wait; ok $x; y=$( { say late; } & ); ok "$y"',
    record: ['ok 1:2', 'ok 1:1', 'ok 4:late'],
  },
  { script: 'say in | { take & wait; take; }', record: ['take 0:', 'take 3:in\n'] },
  {
    script:
      'set -e; no & wait; { no; ok inside; } & wait; if { no; ok inside; } & wait; then ok x; fi; no & wait $!; ok y',
    status: 1,
    record: ['no', 'no', 'no', 'ok 1:x', 'no'],
  },
  {
    script: '(exit 4) & wait; ok; wait $!; echo $?; (exit 4) & wait $!; ok; wait $!; echo $?',
    stdout: '127\n127\n',
    record: ['ok', 'ok'],
  },
  {
    script:
      'mkfifo p; { read -r x; ok "$x"; } <p & say hello >p; wait; rm p; rm p 2>/dev/null || echo gone; mkfifo p; mkfifo p 2>/dev/null || echo there',
    stdout: 'gone\nthere\n',
    record: ['ok 5:hello'],
  },
  {
    script:
      'mkfifo pipe; { say one; say two; } >pipe & exec 8<pipe; read -r a <&8; read -r b <&8; read -r c <&8 || ok $a $b; exec 8<&-; { read -r x <&8; } 2>/dev/null; echo $?',
    stdout: '2\n',
    record: ['ok 3:one 3:two'],
  },
  {
    script:
      'mkfifo ping pong; while read -r x; do say "<$x>"; done <ping >pong & exec 3>ping 4<pong; echo a >&3; read -r x <&4; echo "$x"; echo b >&3; read -r x <&4; echo "$x"; exec 3>&-; wait; read -r x <&4; echo $?',
    stdout: '<a>\n<b>\n1\n',
  },
  {
    script:
      'exec 9>lock; flock 9; exec 8>lock; flock -n 8 || echo busy; flock -n 9 && echo own; exec 9>&-; flock -n 8 && echo free; flock -u 8; exec 7>lock; flock -x --nonblock 7 && echo free',
    stdout: 'busy\nown\nfree\nfree\n',
  },
  {
    script: 'exec 9>lock; flock 9; { exec 9>lock; flock 9; ok second; } & ok first; exec 9>&-; wait',
    record: ['ok 5:first', 'ok 6:second'],
  },
  {
    // A lock is held as long as anybody has the file open that way.
    script:
      'exec 9>lock; flock 9; mkfifo p; { read -r x; } <p & exec 9>&- 8>lock; flock -n 8 || echo held; echo >p; wait; flock -n 8 && echo free',
    stdout: 'held\nfree\n',
  },
  {
    script:
      'exec 9>lock; flock 9; mkfifo p q; { echo >q; read -r x <p; } 9>&- & read -r x <q; exec 9>&- 8>lock; flock -n 8 && echo free; echo >p; wait',
    stdout: 'free\n',
  },
  {
    script:
      'sleep 60 & kill $!; wait $!; echo $?; sleep 60 & kill -9 $!; wait $!; echo $?; sleep 60 & kill -s INT $! ; kill -TERM $!; wait $! 2>/dev/null; echo $?; true & wait $!; kill -0 $! 2>/dev/null || echo gone',
    stdout: '143\n137\n143\ngone\n',
  },
  {
    script:
      'timeout 0.1 sleep 60; echo $?; timeout 60 say x; timeout 60 fail 7; echo $?; timeout 0 ok; echo $?; timeout 60 sleep 60 & kill $!; wait $!; echo $?',
    stdout: '124\nx\n7\n0\n143\n',
    record: ['fail 1:7', 'ok'],
  },
  { script: 'sleep 0.01 0.01s && echo slept', stdout: 'slept\n' },
  {
    script:
      '{ echo b; echo a; echo B; echo; } | sort; printf \'1 z\\n2  y\\n3 x a\\n4\\n0 z\\n\' | sort -k 2; x=$({ say 2 b & say 1 a & wait; } | sort); ok "$x"',
    stdout: '\nB\na\nb\n4\n2  y\n3 x a\n0 z\n1 z\n',
    record: ['ok 7:1 a\n2 b'],
  },
  {
    script: `printf 'default via 10.0.0.1 dev a\\n\\n  x\\t y \\n' | awk '{ print $3 }'; printf 'a b c\\n' | awk '{print $NF, $1,$9}'; printf ' a b\\nc' | awk '{ print }'; awk '{ print $1 }' </dev/null`,
    stdout: '10.0.0.1\n\n\nc a \n a b\nc\n',
  },
  {
    script:
      'exec 3>&1 >/dev/null; echo hidden; echo shown >&3; { exec 4>&3; } 2>/dev/null; echo four >&4; { echo gone >&4; } 4>&- 2>/dev/null; echo $? >&3',
    stdout: 'shown\nfour\n2\n',
  },
  {
    script: '(exec say hi; ok no); echo $?; x=1 exec fail 3; ok no',
    status: 3,
    stdout: 'hi\n0\n',
    record: ['fail 1:3'],
  },
  { script: 'exec </nonexistent/a; ok no', status: 2 },
  {
    script: `echo 'y=1; ok "$@"; return 5; ok no' >file; . ./file; echo $? $y; for i in 1 2; do . ./file || continue; ok no; done; . ./none; ok no`,
    status: 2,
    stdout: '5 1\n',
    record: ['ok 3:one 6:two  2 0:', 'ok 3:one 6:two  2 0:', 'ok 3:one 6:two  2 0:'],
  },
  { script: 'echo x 2>/dev/null >&-; echo $?', stdout: '1\n' },
  { script: 'mkfifo p; cat p & { echo a; echo b; } >p; wait', stdout: 'a\nb\n' },
  { script: '{ mkfifo p; sleep 60 >p & exec 3<p; kill $!; cat <&3; echo $?; }', stdout: '0\n' },
  { script: 'f() { ok $1 & wait $!; }; f a; f b; { ok c & }; wait', record: ['ok 1:a', 'ok 1:b', 'ok 1:c'] },
];
