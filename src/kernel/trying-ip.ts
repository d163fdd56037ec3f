/** What the tests of `ip`'s reader share: command lines, tried on `ip` itself. */
import type { ExecutionContext } from 'ava';
import type { IpCommand } from '../candidate/commands/ip.ts';
import { readIp } from '../candidate/commands/ip/read.ts';
import { LabError } from '../net/error.ts';
import { openedFor } from './testing.ts';

/** A network with two uplinks, as it is before each command. */
const links = [
  'link set lo up',
  'link add up0 type veth peer name peer0',
  'link add up1 type veth peer name peer1',
  ...['up0', 'peer0', 'up1', 'peer1'].map((name) => `link set ${name} up`),
];
const before = [
  'link delete veth0',
  'link set up1 up mtu 1500',
  'neighbour flush all nud all',
  'neighbour add 10.1.0.7 lladdr 02:00:00:00:00:07 dev up0',
  'nexthop flush',
  'route flush table all',
  'address flush dev lo',
  'address flush dev up0',
  'address flush dev up1',
  'rule flush',
  'rule add priority 32766 lookup main',
  'rule add priority 32767 lookup default',
  'address add 127.0.0.1/8 dev lo',
  'address add 10.1.0.2/24 dev up0',
  'address add 10.2.0.2/24 dev up1',
  'nexthop add id 1 via 10.1.0.1 dev up0 onlink',
  'route add 198.18.0.0/16 via 10.1.0.1 dev up0 proto static',
  'route add 198.18.0.0/16 via 10.2.0.1 dev up1 metric 7',
  'route add unreachable 198.19.0.0/16 table 100',
  'rule add from 198.18.0.0/16 fwmark 1/3 table 100 priority 100',
];

/** What the tool made of a command: its exit status, its complaint, and what it shows after it. */
export interface Tried {
  readonly words: readonly string[];
  readonly status: number;
  readonly said: string;
  readonly shown: readonly Record<string, unknown>[];
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs each command in the same network. */
export async function tried(
  t: ExecutionContext,
  lines: readonly (readonly string[])[],
  show: string,
): Promise<{ readonly at: readonly Record<string, unknown>[]; readonly each: readonly Tried[] }> {
  const sandbox = await openedFor(t);
  const script = `
    before=${quoted(before.join('\n'))}
    again() { printf '%s\\n' "$before" | ip -4 -force -batch - >/dev/null 2>&1 || :; }
    try() {
      said=$(ip "$@" 2>&1 >/dev/null); status=$?
      printf '%s\\0%s\\0%s\\0' "$status" "$said" "$(ip -j ${show})"
      test $status -ne 0 || again
    }
    printf '%s\\n' ${quoted(links.join('\n'))} | ip -batch -
    again
    printf '%s\\0' "$(ip -j ${show})"
    ${lines.map((words) => `try ${words.map(quoted).join(' ')}`).join('\n')}`;
  const output = await sandbox.run('asking ip', null, ['sh', '-s'], { input: script });
  const [at = '', ...answers] = output.split('\0');
  const rows = (json: string): Tried['shown'] =>
    (JSON.parse(json || '[]') as Tried['shown']).filter((row) => Object.keys(row).length > 0);
  const each = lines.map((words, index) => {
    const [status = '', said = '', shown = ''] = answers.slice(index * 3, index * 3 + 3);
    return { words, status: Number(status), said, shown: rows(shown) };
  });
  return { at: rows(at), each };
}

const without = (some: Tried['shown'], others: Tried['shown']): Tried['shown'] => {
  const left = others.map((other) => JSON.stringify(other));
  return some.filter((one) => {
    const index = left.indexOf(JSON.stringify(one));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
};

/** What the reader made of it: a command, or its complaint. */
function read(words: readonly string[]): IpCommand | LabError {
  const at = { file: 'up.sh', line: 1 };
  const given = ['ip', ...words].map((text, index) => ({ text, at: { ...at, column: index + 1 } }));
  try {
    const [placed] = readIp(given, null);
    if (!placed) throw new RangeError('one command is to be read');
    return placed.command;
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
}

/** Status 2 is the kernel's refusal, 1 and 255 are `ip`'s own; but no device's name is known to a reader. */
const refusedByIp = ({ status, said }: Tried): boolean =>
  (status === 1 || status === 255) && !/Cannot find device|does not exist/.test(said);
const outsideOfModel = (result: IpCommand | LabError): boolean =>
  result instanceof LabError && result.message.endsWith('is not modelled');

/**
 * Holds reader and tool against each other: refused alike, and where `ip` has done it, `expected` sees to what became of it.
 */
export function compare(
  t: ExecutionContext,
  { at, each }: { readonly at: Tried['shown']; readonly each: readonly Tried[] },
  expected: (command: IpCommand, added: Tried['shown'], removed: Tried['shown'], line: string) => void,
): void {
  const count = { done: 0, 'refused by both': 0, 'refused by the kernel': 0, 'outside of the model': 0 };
  for (const one of each) {
    const line = `ip ${one.words.join(' ')}`;
    const result = read(one.words);
    if (outsideOfModel(result)) count['outside of the model']++;
    else if (refusedByIp(one)) {
      t.true(result instanceof LabError, `${line}: ip says ${one.said}, the reader ${JSON.stringify(result)}`);
      count['refused by both']++;
    } else if (one.status !== 0) count['refused by the kernel']++;
    else if (result instanceof LabError) t.fail(`${line}: ip takes it, the reader says ${result.message}`);
    else {
      expected(result, without(one.shown, at), without(at, one.shown), line);
      count.done++;
    }
  }
  t.log(
    Object.entries(count)
      .map(([what, many]) => `${many} ${what}`)
      .join(', '),
  );
  t.true(count.done > each.length / 4, 'too few were done: that shows little');
  t.true(count['refused by both'] > each.length / 20, 'too few were refused: that shows little');
}
