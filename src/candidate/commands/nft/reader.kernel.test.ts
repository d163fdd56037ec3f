/** Holds the reader to nft itself: what it takes, what it refuses, and what it makes of it. */
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { asRoot, openedFor } from '../../../kernel/testing.ts';
import type { Sandbox } from '../../../kernel/sandbox.ts';
import { LabError } from '../../../net/error.ts';
import type { NetfilterChange } from '../netfilter.ts';
import { printChange } from './print-change.ts';
import { readNft } from './reader.ts';
import { groundwork, mutations, rules } from './sample-rules.ts';

const seed = Number(process.env['NFT_SEED'] ?? 1);
const at = { file: 'sample', line: 1, column: 1 };
const words = ['nft', '-f', '-'].map((text) => ({ text, at }));

/** Where nft's grammar is peculiar: its keywords name no chain, and are the numbers of protocols wherever a number may stand. */
const peculiar = [/\b(jump|goto) (?!other\b)/, /[&|^=<>] (tcp|udp|icmp|ip)\b/];

/** The reader's own words for a ruleset, as commands of nft; null where it refuses. */
function reread(text: string): readonly string[] | null {
  try {
    return readNft(words, { text, at }).map(
      (command) => printChange(command as NetfilterChange) ?? `unprintable: ${command.kind}`,
    );
  } catch (error) {
    if (error instanceof LabError) return null;
    throw error;
  }
}

/** Which of many rulesets nft takes, each for itself; null where nft itself breaks down. */
async function taken(sandbox: Sandbox, texts: readonly string[]): Promise<readonly (boolean | null)[]> {
  const script = texts.map((text) => `nft -c -f - >/dev/null 2>&1 <<'RULES'\n${text}\nRULES\necho $?\n`).join('');
  const statuses = (await sandbox.run('asking nft', null, ['sh', '-c', '. /dev/stdin'], { input: script }))
    .trim()
    .split('\n');
  if (statuses.length !== texts.length) throw new Error(`asked ${texts.length}, answered ${statuses.length}`);
  return statuses.map((status) => (Number(status) > 1 ? null : status === '0'));
}

type Listed = Readonly<Record<string, { readonly expr?: unknown }>>;

/** The ruleset that nft lists after it has been given this one: its rules, and all the rest. */
async function listed(sandbox: Sandbox, host: string, text: string) {
  await sandbox.run('a host', null, ['ip', 'netns', 'add', host]);
  await sandbox.run('loading', host, ['nft', '-f', '-'], { input: text });
  const listing = await sandbox.run('listing', host, ['nft', '-j', 'list', 'ruleset']);
  const { nftables } = JSON.parse(listing) as { nftables: readonly Listed[] };
  const found = nftables.flatMap(({ rule }) => (rule ? [rule.expr] : []));
  return { rules: found, rest: nftables.filter(({ rule }) => !rule) };
}

const inTable = (table: string, rule: string): string =>
  `${groundwork.replace('TABLE', table)}add rule ${table} plain ${rule}`;

async function compare(t: ExecutionContext, table: string, samples: readonly string[]) {
  t.log(`seed ${seed}`);
  const sandbox = await openedFor(t);
  const texts = samples.map((sample) => inTable(table, sample));
  const accepted = await taken(sandbox, texts);
  const read = texts.map(reread);
  const differing = texts.flatMap((_, index) => {
    const [nft, ours] = [accepted[index], read[index] !== null];
    const peculiarity = peculiar.some((pattern) => pattern.test(samples[index]!));
    return nft === null || nft === ours || peculiarity
      ? []
      : [`${nft ? 'nft takes' : 'nft refuses'}: ${samples[index]!}`];
  });
  return { sandbox, accepted, read, differing };
}

for (const table of ['ip t', 'inet t']) {
  asRoot(`what nft takes in a table ${table} is read, and means the same when it is written anew`, async (t) => {
    const samples = fc.sample(rules, { numRuns: 400, seed });
    const { sandbox, accepted, read, differing } = await compare(t, table, samples);
    t.deepEqual(differing, []);
    const good = samples.flatMap((sample, index) => (accepted[index] ? [{ sample, line: read[index]!.at(-1)! }] : []));
    t.log(`${good.length} of ${samples.length} taken`);
    t.true(good.length > samples.length / 3);
    const ground = groundwork.replace('TABLE', table);
    const lines = good.map(({ sample }) => `add rule ${table} plain ${sample}`);
    const original = await listed(sandbox, 'original', [ground, ...lines].join('\n'));
    const anew = await listed(sandbox, 'anew', [...reread(ground)!, ...good.map(({ line }) => line)].join('\n'));
    t.deepEqual(anew.rest, original.rest);
    t.is(original.rules.length, good.length);
    const changed = good.flatMap(({ sample }, index) => {
      const [before, after] = [original.rules[index], anew.rules[index]];
      return isDeepStrictEqual(before, after)
        ? []
        : [{ sample, before: JSON.stringify(before), after: JSON.stringify(after) }];
    });
    t.deepEqual(changed, []);
  });

  asRoot(
    `what is a token away from a rule in a table ${table} is read where nft takes it, and refused where it does not`,
    async (t) => {
      const { differing } = await compare(t, table, fc.sample(mutations, { numRuns: 400, seed }));
      t.deepEqual(differing, []);
    },
  );
}
