/** Here-documents, `read`, and pipes. */
import type { Case } from './case.ts';

export const input: readonly Case[] = [
  {
    script:
      'echo $((1+2*3)) $((7/2)) $((-7/2)) $((-7%3)) $((1<<3|1)) $((~0)) $((!5)) $((1?2:3)) $((0||1&&0)) $((0x1f+010)) $((3==3)) $((2>=3)) $(( (1+2) * 3 )) $((5^3&6))',
    stdout: '7 3 -3 -1 9 -1 0 2 0 39 1 0 9 7\n',
  },
  {
    script: `x=3; echo $((x+=2)) $x $(($x*2)) $((x<<=1)) $x $((y=x)) $y $((0&&(z=5))) \${z-unset}; z='1+1'; echo $(($z*2))`,
    stdout: '5 5 10 10 10 10 10 0 unset\n3\n',
  },
  {
    script: `cat <<E
a $1 \\$x "q" 'r' $(echo sub) $((1+1)) \\\\ \\a
E
cat <<'E'
a $1 \\$x
E
cat <<-E
		tab
	two
	E
ok end`,
    stdout: 'a one $x "q" \'r\' sub 2 \\ \\a\na $1 \\$x\ntab\ntwo\n',
    record: ['ok 3:end'],
  },
  {
    script: `while read -r a b; do ok "$a" "$b"; done <<E
 1 2 3 
x
y\\z  w

E`,
    record: ['ok 1:1 3:2 3', 'ok 1:x 0:', 'ok 3:y\\z 1:w', 'ok 0: 0:'],
  },
  {
    script: `while read a b; do ok "$a" "$b"; done <<'E'
a\\ b c
d\\
e f
E
ok "$a"`,
    record: ['ok 3:a b 1:c', 'ok 2:de 1:f', 'ok 0:'],
  },
  {
    script: `IFS=: read a b c <<E
1::2:3:
E
ok "$a" "$b" "$c" "$IFS"`,
    record: ['ok 1:1 0: 4:2:3: 3: \t\n'],
  },
  {
    script: `IFS=: ; read a b <<E
1:2:
E
ok "$a" "$b"; read a b <<E
1:2:3:
E
ok "$a" "$b"; read a <<E
 x :
E
ok "$a"`,
    record: ['ok 1:1 1:2', 'ok 1:1 4:2:3:', 'ok 3: x '],
  },
  {
    script: `printf 'a b\\nc' | while read x y; do ok "$x" "$y"; done; printf 'a b\\nc' | { read x; read z; echo "$? $x $z"; }`,
    stdout: '1 a b c\n',
    record: ['ok 1:a 1:b'],
  },
  {
    script: `say a b | take; echo hi | { take x; take y; }; take <<E
doc
E`,
    record: ['take 4:a b\n', 'take 1:x 3:hi\n', 'take 1:y 0:', 'take 4:doc\n'],
  },
  {
    script: '{ ok a; no; }; echo $?; (exit 3); echo $?; { echo x; echo y; } | take',
    stdout: '1\n3\n',
    record: ['ok 1:a', 'no', 'take 4:x\ny\n'],
  },
  {
    script: 'echo err >&2; { echo a; echo b >&2; } 2>&1 | take; ok x >/dev/null 2>&1; echo no >/dev/null',
    record: ['take 4:a\nb\n', 'ok 1:x'],
  },
  {
    script: 'f() { ok f; } >/dev/null; f; if f; then ok t; fi >/dev/null; for i in a; do echo $i; done | take',
    record: ['ok 1:f', 'ok 1:f', 'ok 1:t', 'take 2:a\n'],
  },
  {
    script: `read x </dev/null; echo $? "[$x]"; read x y <<E
E
echo $? "[$x]"`,
    stdout: '1 []\n1 []\n',
  },
  {
    script: `x=$(cat <<E
in $1
E
); ok "$x"`,
    record: ['ok 6:in one'],
  },
  {
    script:
      'ok $((99999999999999999999)) $((-99999999999999999999)) $((9223372036854775807 + 1)) $((-9223372036854775808)) $((1 << 63)) $((1 >> 1)) $((-8 >> 1)) $((1 << -1))',
    record: [
      'ok 19:9223372036854775807 20:-9223372036854775807 20:-9223372036854775808 20:-9223372036854775807 20:-9223372036854775808 1:0 2:-4 20:-9223372036854775808',
    ],
  },
  {
    script: `IFS=' 	
'; while IFS=, read -r a b rest; do ok "$a" "$b" "$rest"; done <<E
1,2,3,4
 x , y 
,,
a
E`,
    record: ['ok 1:1 1:2 3:3,4', 'ok 3: x  3: y  0:', 'ok 0: 0: 0:', 'ok 1:a 0: 0:'],
  },
  {
    script: `IFS=' :'; read a b <<E
  x  y : z  :
E
ok "$a" "$b"; read a b c <<E
x : : y
E
ok "$a" "$b" "$c"; read a b <<E
x:y:
E
ok "$a" "$b"; read a b <<E
x:y::
E
ok "$a" "$b"; read a <<E
x:
E
ok "$a"; read a <<E
 x::
E
ok "$a"`,
    record: ['ok 1:x 8:y : z  :', 'ok 1:x 0: 1:y', 'ok 1:x 1:y', 'ok 1:x 3:y::', 'ok 1:x', 'ok 3:x::'],
  },
  {
    script: `read -r x <<'E'
 a\\b\\ 
E
ok "$x"; read x <<'E'
 a\\b\\ 
E
ok "$x"; read x y <<'E'
 \\ a b\\
c
E
ok "$x" "$y"`,
    record: ['ok 4:a\\b\\', 'ok 3:ab ', 'ok 2: a 2:bc'],
  },
  { script: 'read; echo $?; read 1x; echo $?', stdout: '2\n2\n' },
  {
    script: `ok 1 <<A 2 <<B
a
A
b
B
take <<A <<B
a
A
b
B`,
    record: ['ok 1:1 1:2', 'take 2:b\n'],
  },
  {
    script: `take <<"E E"
x
E E`,
    record: ['take 2:x\n'],
  },
  {
    script: `while read a; do echo "<$a>"; read b; ok "$b"; done <<E | take
1
2
3
E`,
    record: ['ok 1:2', 'ok 0:', 'take 8:<1>\n<3>\n'],
  },
  {
    script: `{ read a; read b; take; } <<E
1
2
3
4
E
ok $a $b`,
    record: ['take 4:3\n4\n', 'ok 1:1 1:2'],
  },
  {
    script: `if read x; then ok "$x"; fi <<E
yes
E
f() { read y; ok "$y"; }; f <<E
in
E`,
    record: ['ok 3:yes', 'ok 2:in'],
  },
  {
    script:
      'echo x | { read a; ok $a; }; ok "${a-un}"; echo a b | while read x y; do z=$y; done; ok "${z-un}"; say 1 | take | say 2',
    stdout: '2\n',
    record: ['ok 1:x', 'ok 2:un', 'ok 2:un', 'take 2:1\n'],
  },
  { script: 'say a; say b >&2; { say c; say d >&2; } 2>&1 >/dev/null | take', stdout: 'a\n', record: ['take 2:d\n'] },
  {
    script: `set -x; f() { x=$1; }; f a; (ok b); say c | take; for i in 1 2; do ok $i; done; x=1 y=2; case a in a) ok;; esac; ! ok; ok '' "a b" >/dev/null`,
    record: ['ok 1:b', 'take 2:c\n', 'ok 1:1', 'ok 1:2', 'ok', 'ok', 'ok 0: 3:a b'],
  },
  {
    script: 'ok >/dev/null a 2>&1 b; >/dev/null ok c; </dev/null take; take <&0; ok 2>&1 >/dev/null',
    record: ['ok 1:a 1:b', 'ok 1:c', 'take 0:', 'take 0:', 'ok'],
  },
  {
    script: 'ok a 1>&2; say x 1>&2 2>/dev/null; echo "$(say y 2>&1 1>&2)"; say z 2>&1 | take',
    stdout: 'y\n',
    record: ['ok 1:a', 'take 2:z\n'],
  },
  {
    script: 'ok "a\\\nb"; take <<-E\n\ta\\\n\tb\n\tc $1 \\$1 "\\""\n\tE\n',
    record: ['ok 2:ab', 'take 18:a\tb\nc one $1 "\\""\n'],
  },
];
