import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { LabError } from '../../net/error.ts';
import { beyond } from '../shell/beyond.ts';
import { evaluate, recordingMachine } from '../shell/testing.ts';
import { readIp } from './ip/read.ts';
import { readIptables } from './iptables/reader.ts';
import { readNft } from './nft/reader.ts';
import { readConntrack } from './read-conntrack.ts';
import { readFping } from './read-fping.ts';
import { readSysctl } from './sysctl.ts';

const folder = new URL('../../../lab/candidates/', import.meta.url);
const candidates = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? entry.name : [],
);

/** What a script is told of uplinks, as a lab would. */
const environment = Object.fromEntries(
  [1, 2, 3].flatMap((uplink) => [
    [`IF${uplink}`, `ppp${uplink - 1}`],
    [`GW${uplink}`, `203.0.11${uplink + 2}.1`],
    [`IP${uplink}`, `203.0.11${uplink + 2}.2`],
    [`NET${uplink}`, `203.0.11${uplink + 2}.0/24`],
  ]),
);

const tools = ['ip', 'iptables', 'nft', 'sysctl', 'conntrack', 'fping'];
/** What is said to whoever asks for the addresses of a line. */
const listing = '2: ppp0 inet 203.0.113.2 peer 203.0.113.1/32 scope global ppp0\n';

/** Evaluates a candidate's script on a machine that reads every command and carries none out; returns how many there were. */
function readAll(name: string): number {
  let count = 0;
  const beside = readdirSync(new URL(`${name}/`, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() && !entry.name.endsWith('.ts') ? entry.name : [],
  );
  const files = Object.fromEntries(
    beside.map((file) => [`${name}/${file}`, readFileSync(new URL(`${name}/${file}`, folder), 'utf8')]),
  );
  const machine = recordingMachine(tools, files);
  const file = `${name}/up.sh`;
  const { status, stderr } = evaluate(files[file] ?? '', {
    file,
    environment,
    set: ['e', 'u'],
    machine: {
      ...machine,
      run: function* (invocation) {
        const { name: tool, words, takeInput, at } = invocation;
        if (!tools.includes(tool)) {
          const running = machine.run(invocation);
          return 'status' in running ? running : yield* running;
        }
        const { text, at: where } = yield* takeInput();
        const input = text === '' ? null : { text, at: where ?? at };
        const read = {
          ip: () => readIp(words, input),
          iptables: () => readIptables(words),
          nft: () => readNft(words, input),
          sysctl: () => readSysctl(words, input),
          conntrack: () => [readConntrack(words)],
          fping: () => [readFping(words)],
        }[tool];
        count += read?.().length ?? 0;
        return { status: 0, stdout: words.some(({ text: word }) => word === 'address') ? listing : '', stderr: '' };
      },
      read: (path) => files[path] ?? '0\n',
      open: (path, append, at) => {
        if (!path.startsWith('/proc/sys/net/')) return machine.open(path, append, at);
        count += 1;
        return { inode: {}, write: () => null, close: () => undefined };
      },
    },
  });
  if (status !== 0) throw new Error(`${file}: status ${status}: ${stderr}`);
  return count;
}

for (const name of candidates) {
  const limit = beyond[name];
  if (limit) {
    test(`${name}: what can't be read of it is named, with its place`, (t) => {
      const error = t.throws(() => readAll(name), { instanceOf: LabError });
      t.regex(error.message, limit);
      t.regex(error.message, new RegExp(`^${name}/up\\.sh:\\d+:\\d+: `));
    });
  } else {
    test(`${name}: every command is read`, (t) => {
      t.true(readAll(name) > 0);
    });
  }
}
