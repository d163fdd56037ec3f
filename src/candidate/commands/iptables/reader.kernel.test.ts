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
  /-[jg] (?!other\b|[A-Z]{2,}\b)|-j (NEW|ESTABLISHED|RELATED|INVALID|UNTRACKED|SNAT|DNAT|ORIGINAL|REPLY|LOCAL|UNICAST|BROADCAST|MULTICAST|ALL|SYN|EF|TCP|[A-Z_]+,[A-Z_,]+)$/,
  /-j CT$/, // which does nothing
  /-p icmp .*(:\d|--to-ports)|! -p .*:\d/, // ports where no protocol has any
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
  const others = tables.map((table) => `${command} -t ${table} -N other 2>/dev/null\n`);
  const script = all.map(
    (sample) =>
      `${command} ${commandOf(sample)
        .map((word) => `'${word}'`)
        .join(' ')} 2>/dev/null; echo "=$?"\n`,
  );
  const printed = await sandbox.run('asking', null, ['sh', '-c', '. /dev/stdin'], {
    input: [...others, ...script].join(''),
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

/** What iptables-translate can't say, or says otherwise than iptables does it: masks of CONNMARK are lost, and the ! of a UDP port. */
const untranslated =
  /--restore-mark .*mask|--save-mark .*mask|multiport .*:|-m state|--ctstate [SD]NAT|! --ttl-|-m owner|--probability|-j TOS|CONNMARK --set-x?mark .*\/|--ctrepldst|! --[sd]port|! --(source|destination)-port|multiport !/;

asRoot('what is read means what iptables-translate makes of it', async (t) => {
  t.log(`seed ${seed}`);
  const sandbox = await openedFor(t);
  const all = fc.sample(samples, { numRuns: 500, seed }).toSorted((one, other) => rank(one) - rank(other));
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
  const theirs = await meanings(
    sandbox,
    'theirs',
    pairs.map((pair) => pair.theirs),
  );
  const ours = await meanings(
    sandbox,
    'ours',
    pairs.map((pair) => pair.ours),
  );
  t.is(theirs.length, pairs.length);
  t.deepEqual(
    theirs.flatMap((meaning, index) =>
      meaning === ours[index] ? [] : [{ text: pairs[index]!.text, theirs: meaning, ours: ours[index] }],
    ),
    [],
  );
});

const tables = ['filter', 'nat', 'mangle', 'raw'];
const chains = ['other', 'PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
/** nft lists rules table by table and chain by chain, in the order in which these were made. */
const rank = ({ table, chain }: Sample): number => tables.indexOf(table) * chains.length + chains.indexOf(chain);

type Listed = Readonly<
  Record<string, { readonly table: string; readonly chain: string; readonly expr: readonly object[] }>
>;

/** The rules that nft lists when it has been given these, chain by chain. */
async function meanings(sandbox: Sandbox, host: string, rules: readonly string[]): Promise<readonly string[]> {
  const ground = tables.flatMap((table) => [
    `add table ip ${table}`,
    ...chains.map((chain) => `add chain ip ${table} ${chain}`),
  ]);
  await sandbox.run('a host', null, ['ip', 'netns', 'add', host]);
  await sandbox.run('loading', host, ['nft', '-f', '-'], { input: [...ground, ...rules].join('\n') });
  const listing = await sandbox.run('listing', host, ['nft', '-j', 'list', 'ruleset']);
  const { nftables } = JSON.parse(listing) as { nftables: readonly Listed[] };
  return nftables.flatMap(({ rule }) => (rule ? [`${rule.table} ${rule.chain} ${normal(rule.expr)}`] : []));
}

/** A rule's parts in terms that don't depend on the order of its matches, nor on which of two fields tells the same. */
function normal(parts: readonly object[]): string {
  // nft lists no match that the rejection presumes.
  const reset = JSON.stringify(parts).includes('"tcp reset"');
  return parts
    .filter((part) => !('counter' in part))
    .map((part) =>
      JSON.stringify(part)
        .replace('{"meta":{"key":"l4proto"}}', '{"payload":{"protocol":"ip","field":"protocol"}}')
        .replace('{"key":"ip saddr","dir"', '{"key":"saddr","dir"')
        .replace('{"meta":{"key":"length"}}', '{"payload":{"protocol":"ip","field":"length"}}')
        .replace(/"op":"!=",("left":\{"fib":.*"oif".*)"right":(?:0|"0"|false)/, '"op":"==",$1"right":true')
        .replace(/^(.*"fib".*"oif".*)"right":"?0"?([^-9].*)$/, '$1"right":false$2'),
    )
    .filter((part) => !reset || !part.endsWith('"field":"protocol"}},"right":"tcp"}}'))
    .sort()
    .join(' ');
}
