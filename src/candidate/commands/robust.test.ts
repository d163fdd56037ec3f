import test from 'ava';
import fc from 'fast-check';
import { readConntrack } from './read-conntrack.ts';
import { readTc } from './read-tc.ts';
import { refusal } from './sample-words.ts';
import { readSysctl } from './sysctl.ts';
import type { Word } from './word.ts';

const at = { file: 'up.sh', line: 1, column: 1 };
const readers = {
  conntrack: {
    words: '-D -L -F -p udp --dport 53 -s 10.0.0.0/8 -m 1/3 -n --src=10.0.0.1 --re -pudp conntrack',
    read: (words: readonly Word[]) => readConntrack(words),
  },
  sysctl: {
    words: '-w -n -p - --load=- -q net.ipv4.ip_forward net.ipv4.ip_forward=1 a/b.c= = .',
    read: (words: readonly Word[], text: string) => readSysctl(words, { text, at }),
  },
  tc: {
    words:
      'qdisc class filter add del show dev up0 root parent 1: classid 1:2 htb tbf netem rate 8mbit burst 1k limit delay 5ms loss 5% u32 match flowid',
    read: (words: readonly Word[]) => readTc(words),
  },
};

for (const [tool, { words, read }] of Object.entries(readers)) {
  test(`whatever is said to ${tool}, it is read or refused`, (t) => {
    const seed = Date.now() % 2 ** 31;
    const known = fc.constantFrom(...words.split(' '));
    const word = fc.oneof({ weight: 5, arbitrary: known }, { weight: 1, arbitrary: fc.string() });
    let many = 0;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), fc.array(word), (said, lines) => {
        const given = [tool, ...said].map((text) => ({ text, at }));
        const [message] = refusal(() => read(given, lines.join('\n')));
        if (message === '') many++;
        else t.regex(message, /^up\.sh:\d+:\d+: \S/);
      }),
      { seed, numRuns: 5000 },
    );
    t.log(`seed ${seed}: ${many} of 5000 were read`);
    t.true(many > 10);
  });
}
