import { writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { createRandom, type Random } from '../random.ts';
import { askModel } from './ask-model.ts';
import { formatRecording } from './recording.ts';
import { decision, isLookUp, lookUpWords, randomDefaultsSession, randomSession, type Session } from './sessions.ts';

/** Waits until the kernel's link watch, which takes up to a second, has noticed which links have a carrier. */
const settled = `
settled() {
  ip -br link | awk '
    { split($1, names, "@"); up[names[1]] = $4 ~ /[<,]UP[,>]/; state[names[1]] = $2; peer[names[1]] = names[2] }
    END { for (name in peer) if (peer[name] != "" && (state[name] == "UP") != (up[name] && up[peer[name]])) exit 1 }'
}`;

/** What the kernel answers to each line of a session, in a network namespace of its own; as `askModel` does. */
async function askKernel({ sysctls, lines }: Session): Promise<readonly string[]> {
  const writes = sysctls.map(([name, value]) => `echo ${value} >/proc/sys/net/${name.replaceAll('.', '/')}`);
  const parts = lines.join('\n').split('\n\n');
  const batches = parts.map(
    (part) =>
      `ip -oneline -force -batch - 2>&1 <<'END' || :\n${part}\nEND\necho END\nuntil settled; do sleep 0.02; done`,
  );
  const script = ['echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6', ...writes, settled, ...batches].join('\n');
  const { stdout } = await execa('unshare', ['--net', 'sh', '-eu'], { input: script, timeout: 60_000 });
  const said = stdout.split('END\n');
  return parts.flatMap((part, index) => {
    const failures = new Map<number, string>();
    const found: string[] = [];
    let reason = '';
    for (const line of (said[index] ?? '').split('\n')) {
      const failure = /^Command failed -:(\d+)/.exec(line)?.[1];
      if (failure !== undefined) failures.set(Number(failure) - 1, reason);
      else if (/ (?:dev|src) .*cache/.test(line)) found.push(line);
      reason = /^RTNETLINK answers: (.*)/.exec(line)?.[1] ?? line;
    }
    const answers = part.split('\n').map((line, place) => {
      const failure = failures.get(place);
      if (!isLookUp(line)) return failure === undefined ? 'done' : 'refused';
      return failure === undefined ? decision(found.shift() ?? 'nothing') : `refused: ${failure}`;
    });
    return [...(index > 0 ? ['done'] : []), ...answers];
  });
}

const first = Number(process.env['LOOKUP_SEED'] ?? 1);
const count = Number(process.env['LOOKUP_SESSIONS'] ?? 25);

/** Asks both; `recorded` is where to write what the kernel says of the first `kept` of them, if anywhere. */
async function compare(
  t: ExecutionContext,
  makers: readonly (() => Session)[],
  recorded?: string,
  kept = count,
): Promise<number> {
  const sessions = await Promise.all(
    makers.map(async (make) => {
      const session = make();
      return { ...session, answers: await askKernel(session) };
    }),
  );
  // A distribution's own name for its build says nothing to others.
  const [version = ''] = release().split('-');
  if (recorded !== undefined)
    await writeFile(recorded, formatRecording({ release: version, sessions: sessions.slice(0, kept) }));
  for (const [index, { sysctls, lines, answers }] of sessions.entries()) {
    const model = askModel({ sysctls, lines }, release());
    const wrong = lines.findIndex((_line, place) => answers[place] !== model[place]);
    if (wrong < 0) continue;
    const before = lines.slice(0, wrong).filter((line) => !isLookUp(line) && line !== '');
    const setting = sysctls.map((each) => each.join('=')).join(' ');
    t.fail(
      `seed ${first + index}, with ${setting}, after\n${before.join('\n')}\nip ${lines[wrong] ?? ''}\n` +
        `kernel: ${answers[wrong] ?? ''}\nmodel:  ${model[wrong] ?? ''}`,
    );
  }
  const lookUps = sessions.flatMap(({ lines }) => lines.filter(isLookUp)).length;
  t.log(`${lookUps} look-ups and the commands between them, all alike`);
  return lookUps;
}

const makers = (make: (random: Random) => Session): readonly (() => Session)[] =>
  Array.from({ length: count }, (_, index) => () => make(createRandom(first + index, 'look-ups')));

test.serial(
  `${count} hosts with random routes, rules and links decide as the kernel does, from seed ${first}`,
  async (t) => {
    t.true((await compare(t, makers(randomSession), process.env['LOOKUP_RECORD'])) > count * 90);
  },
);

test.serial(
  `${count} hosts with several default routes choose among them as the kernel does, from seed ${first}`,
  async (t) => {
    t.true((await compare(t, makers(randomDefaultsSession), process.env['LOOKUP_RECORD_DEFAULTS'], 8)) > count * 90);
  },
);

test.serial("a loopback device's networks are the host's own", async (t) => {
  const asked = ['127.0.0.9', '127.255.255.255', '10.5.0.9', '10.5.0.255', '10.6.0.9', '10.7.0.1'];
  const look = asked.map((address) => `${lookUpWords}${address}`);
  const changes = [
    'address add 10.5.0.1/24 dev lo',
    'address add 10.7.0.1/32 dev lo',
    'address replace 10.5.0.1/24 dev lo metric 7',
    'route add local 10.6.0.0/16 dev lo',
    'address delete 10.5.0.1/24 dev lo',
    'address delete 127.0.0.1/8 dev lo',
  ];
  const lines = ['link set lo up', ...look, ...changes.flatMap((line) => [line, ...look])];
  t.is(await compare(t, [() => ({ sysctls: [], lines })]), look.length * 7);
});
