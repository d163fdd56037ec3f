/** Holds the reader to iptables itself: what it takes, what it refuses, and, by iptables-translate and nft, what it means. */
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { asRoot, openedFor } from '../../../kernel/testing.ts';
import type { Sandbox } from '../../../kernel/sandbox.ts';
import { LabError } from '../../../net/error.ts';
import type { NetfilterChange } from '../netfilter.ts';
import { printChange } from '../nft/print-change.ts';
import { readIptables } from './reader.ts';
import { mutations, samples, type Sample } from './sample-rules.ts';

const seed = Number(process.env['IPTABLES_SEED'] ?? 1);
const at = { file: 'sample', line: 1, column: 1 };

/** Where the reader is stricter than iptables, or what is refused depends on the chains there are. */
const excepted = [
  /-[jg] (?!other\b|[A-Z]{2,}\b)|-j (NEW|ESTABLISHED|RELATED|INVALID|UNTRACKED|SNAT|DNAT|ORIGINAL|REPLY|LOCAL|ALL|SYN|EF|TCP)$/,
  /-j CT$/, // which does nothing
  /-p icmp .*:\d/, // identifiers in place of ports
];

const commandOf = ({ table, chain, words }: Sample): readonly string[] => ['-t', table, '-A', chain, ...words];

/** The rule in terms of nft; null where the reader refuses. */
function reread(sample: Sample): readonly string[] | null {
  try {
    const commands = readIptables(['iptables', ...commandOf(sample)].map((text) => ({ text, at })));
    return commands
      .filter(({ kind }) => kind === 'add-rule')
      .map((command) => printChange(command as NetfilterChange) ?? `unprintable: ${command.kind}`);
  } catch (error) {
    if (error instanceof LabError) return null;
    throw error;
  }
}

/** What a command prints for each sample; null where it fails. */
async function asked(sandbox: Sandbox, command: string, all: readonly Sample[]): Promise<readonly (string | null)[]> {
  const chains = ['filter', 'nat', 'mangle', 'raw'].map((table) => `${command} -t ${table} -N other 2>/dev/null\n`);
  const script = all.map(
    (sample) =>
      `${command} ${commandOf(sample)
        .map((word) => `'${word}'`)
        .join(' ')} 2>/dev/null; echo "=$?"\n`,
  );
  const printed = await sandbox.run('asking', null, ['sh', '-c', '. /dev/stdin'], {
    input: [...chains, ...script].join(''),
  });
  const answers = printed.split(/=(\d+)\n/);
  if (answers.length !== 2 * all.length + 1)
    throw new Error(`asked ${all.length}, answered ${(answers.length - 1) / 2}`);
  return all.map((_, index) => (answers[2 * index + 1] === '0' ? (answers[2 * index] ?? '') : null));
}

/** What the reader decides otherwise than both kinds of iptables do; where these disagree, either is right. */
async function differing(t: ExecutionContext, all: readonly Sample[]): Promise<readonly string[]> {
  t.log(`seed ${seed}`);
  const sandbox = await openedFor(t);
  const newer = await asked(sandbox, 'iptables-nft', all);
  const older = await asked(sandbox, 'iptables-legacy', all);
  t.log(`${newer.filter((answer) => answer !== null).length} of ${all.length} taken`);
  return all.flatMap((sample, index) => {
    const verdicts = [newer[index] !== null, older[index] !== null];
    const text = commandOf(sample).join(' ');
    if (excepted.some((pattern) => pattern.test(text))) return [];
    if (verdicts[0] !== verdicts[1] || verdicts[0] === (reread(sample) !== null)) return [];
    return [`${verdicts[0] ? 'taken' : 'refused'}: ${text}`];
  });
}

asRoot('what iptables takes is read, and what it refuses is refused', async (t) => {
  t.deepEqual(await differing(t, fc.sample(samples, { numRuns: 300, seed })), []);
});

asRoot('what is a word away from a rule is read where iptables takes it, and refused where it does not', async (t) => {
  t.deepEqual(await differing(t, fc.sample(mutations, { numRuns: 300, seed })), []);
});

/** What iptables-translate can't say, or says otherwise than iptables does it: masks of CONNMARK's other mark are lost. */
const untranslated =
  /--restore-mark .*mask|--save-mark .*mask|multiport .*:|-m state|--ctstate [SD]NAT|! --ttl-|-m owner|--probability/;

asRoot('what is read means what iptables-translate makes of it', async (t) => {
  t.log(`seed ${seed}`);
  const sandbox = await openedFor(t);
  const all = fc.sample(samples, { numRuns: 500, seed });
  const [taken, translated] = [
    await asked(sandbox, 'iptables-nft', all),
    await asked(sandbox, 'iptables-translate', all),
  ];
  const pairs = all.flatMap((sample, index) => {
    const [theirs] = /^nft '(.*)'$/.exec((translated[index] ?? '').trim())?.slice(1) ?? [];
    const [ours] = reread(sample) ?? [];
    const text = commandOf(sample).join(' ');
    return taken[index] === null || !theirs || !ours || untranslated.test(text) ? [] : [{ text, theirs, ours }];
  });
  t.log(`${pairs.length} of ${all.length} compared`);
  t.true(pairs.length > 80);
  const meanings = async (host: string, rules: readonly string[]): Promise<readonly string[]> => {
    const tables = ['filter', 'nat', 'mangle', 'raw'];
    const chains = ['other', 'PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
    const ground = tables.flatMap((table) => [
      `add table ip ${table}`,
      ...chains.map((chain) => `add chain ip ${table} ${chain}`),
    ]);
    await sandbox.run('a host', null, ['ip', 'netns', 'add', host]);
    const found: string[] = [];
    for (const rule of rules) {
      const input = ['flush ruleset', ...ground, rule, 'list ruleset'].join('\n');
      found.push((await sandbox.attempt(host, ['nft', '-f', '-'], { input })).stdout);
    }
    return found.map(normal);
  };
  const [theirs, ours] = await Promise.all([
    meanings(
      'theirs',
      pairs.map((pair) => pair.theirs),
    ),
    meanings(
      'ours',
      pairs.map((pair) => pair.ours),
    ),
  ]);
  t.deepEqual(
    pairs.flatMap(({ text }, index) =>
      theirs[index] === ours[index] ? [] : [{ text, theirs: theirs[index], ours: ours[index] }],
    ),
    [],
  );
});

/** The one rule of a listing, in terms that don't depend on the order of its matches, nor on which field tells the same. */
function normal(listing: string): string {
  const rule = listing.split('\n').find((line) => /^\t\t(?!type )/.test(line)) ?? 'no rule';
  return rule
    .trim()
    .replace(/counter( packets 0 bytes 0)?/, '')
    .replace(/meta l4proto/g, 'ip protocol')
    .replace(/meta length/g, 'ip length')
    .replace(/oif != 0/, 'oif exists')
    .replace(/oif 0/, 'oif missing')
    .split(/\s+/)
    .filter((word) => word !== '')
    .sort()
    .join(' ');
}
