import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { LabError } from '../../net/error.ts';
import { beyond } from '../shell/beyond.ts';
import { evaluate, recordingMachine } from '../shell/testing.ts';
import { readIp } from './ip/read.ts';
import { readIptables } from './iptables/reader.ts';
import { readNft } from './nft/reader.ts';
import { readSysctl } from './sysctl.ts';

const folder = new URL('../../../lab/candidates/', import.meta.url);
const candidates = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? entry.name : [],
);

/** What a script is told of uplinks, as a lab would. */
const environment = Object.fromEntries(
  [1, 2, 3].flatMap((uplink) => [
    [`IF${uplink}`, `isp${uplink}`],
    [`GW${uplink}`, `203.0.11${uplink + 2}.1`],
    [`IP${uplink}`, `203.0.11${uplink + 2}.2`],
    [`NET${uplink}`, `203.0.11${uplink + 2}.0/24`],
  ]),
);

/** Evaluates a script on a machine that reads every command and carries none out; returns how many there were. */
function readAll(file: string): number {
  let count = 0;
  const source = readFileSync(new URL(file, folder), 'utf8');
  const { status, stderr } = evaluate(source, {
    file,
    environment,
    set: ['e', 'u'],
    machine: {
      commands: new Set(['ip', 'iptables', 'nft', 'sysctl']),
      run: ({ name, words, takeInput, at }) => {
        const { text, at: where } = takeInput();
        const input = text === '' ? null : { text, at: where ?? at };
        const read = {
          ip: () => readIp(words, input),
          iptables: () => readIptables(words),
          nft: () => readNft(words, input),
          sysctl: () => readSysctl(words, input),
        }[name];
        count += read?.().length ?? 0;
        return { status: 0, stdout: '', stderr: '' };
      },
      read: () => '0\n',
      open: (path) => {
        if (path.startsWith('/proc/sys/net/')) count += 1;
        return { write: () => null };
      },
      list: () => null,
    },
  });
  if (status !== 0) throw new Error(`${file}: status ${status}: ${stderr}`);
  return count;
}

for (const name of candidates) {
  const limit = beyond[name];
  if (limit) {
    test(`${name}: what can't be read of it is named, with its place`, (t) => {
      const error = t.throws(() => readAll(`${name}/up.sh`), { instanceOf: LabError });
      t.regex(error.message, limit);
      t.regex(error.message, new RegExp(`^${name}/up\\.sh:\\d+:\\d+: `));
    });
  } else {
    test(`${name}: every command is read`, (t) => {
      t.true(readAll(`${name}/up.sh`) > 0);
    });
  }
}
