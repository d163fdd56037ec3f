/** Holds what is made of nft's JSON to nft itself: written in its language, it comes to the same ruleset again. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Sandbox } from '../../kernel/sandbox.ts';
import { asRoot, openedFor } from '../../kernel/testing.ts';
import { LabError } from '../../net/error.ts';
import { readNft } from '../commands/nft/reader.ts';
import { groundwork, rules } from '../commands/nft/sample-rules.ts';
import { parseJson } from './json.ts';
import { readRuleset } from './nft.ts';
import { lineOf } from './step.ts';

const seed = Number(process.env['NFT_SEED'] ?? 1);
const at = { file: 'nft.json', line: 1, column: 1 };

async function load(sandbox: Sandbox, host: string, text: string): Promise<string> {
  await sandbox.run('a host', null, ['ip', 'netns', 'add', host]);
  await sandbox.run('loading', host, ['nft', '-f', '-'], { input: text });
  return sandbox.run('listing', host, ['nft', '-j', 'list', 'ruleset']);
}

/** Those of the texts that nft takes, each for itself. */
async function taken(sandbox: Sandbox, texts: readonly string[]): Promise<readonly string[]> {
  const script = texts.map((text) => `nft -c -f - >/dev/null 2>&1 <<'RULES'\n${text}\nRULES\necho $?\n`).join('');
  const said = await sandbox.run('asking nft', null, ['sh', '-c', '. /dev/stdin'], { input: script });
  const statuses = said.trim().split('\n');
  return texts.filter((_, index) => statuses[index] === '0');
}

type Listed = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A ruleset's parts without the numbers that the kernel gives them. */
function parts(listing: string): readonly Listed[] {
  const { nftables } = JSON.parse(listing) as { nftables: readonly Listed[] };
  return nftables.map((part) =>
    Object.fromEntries(Object.entries(part).map(([kind, { handle: _handle, ...rest }]) => [kind, rest])),
  );
}

for (const family of ['ip', 'inet']) {
  asRoot(`what nft prints of a table of family ${family} comes to the same ruleset again`, async (t) => {
    t.log(`seed ${seed}`);
    const sandbox = await openedFor(t);
    const table = `${family} t`;
    const ground = groundwork.replace('TABLE', table);
    const samples = fc.sample(rules, { numRuns: 400, seed }).map((rule) => `add rule ${table} plain ${rule}`);
    const good = await taken(
      sandbox,
      samples.map((rule) => `${ground}${rule}`),
    );
    t.true(good.length > samples.length / 3);
    const lines = good.map((text) => text.slice(ground.length));
    const hooked = `add chain ${table} hooked { type filter hook input priority -150; policy drop; }\n`;
    const original = await load(sandbox, 'original', `${ground}${hooked}${lines.join('\n')}`);
    const commands = readRuleset(parseJson({ text: original, at }), new Set());
    const anew = await load(sandbox, 'anew', commands.map((command) => `${lineOf(command)}\n`).join(''));
    const [before, after] = [parts(original), parts(anew)];
    t.is(before.filter(({ rule }) => rule).length, good.length);
    const changed = before.flatMap((part, index) =>
      isDeepStrictEqual(part, after[index]) ? [] : [[JSON.stringify(part), JSON.stringify(after[index])]],
    );
    t.deepEqual(changed, []);
    t.is(after.length, before.length);
    // And the model takes it, as it takes what was written.
    const all = commands.map((command) => `${lineOf(command)}\n`).join('');
    t.notThrows(() =>
      readNft(
        ['nft', '-f', '-'].map((text) => ({ text, at })),
        { text: all, at },
      ),
    );
  });
}

const unmodelled = [
  ['quota 10 mbytes', 'statement "quota"'],
  ['rt ipsec exists', 'expression "rt"'],
  ['symhash mod 2 1', 'expression "symhash"'],
] as const;

asRoot('what nft prints and the model has no place for is refused, at its place', async (t) => {
  const sandbox = await openedFor(t);
  for (const [index, [rule, what]] of unmodelled.entries()) {
    const listing = await load(sandbox, `h${index}`, `add table ip t\nadd chain ip t c\nadd rule ip t c ${rule}`);
    const read = (): unknown => readRuleset(parseJson({ text: listing, at }), new Set());
    const { message } = t.throws(read, { instanceOf: LabError });
    t.is(message.replace(/^nft\.json:1:\d+: /, ''), `nft's ${what} is not modelled`);
    t.true(listing.slice(Number(message.split(':')[2]) - 1).startsWith(what.replace(/^\w+ /, '')));
  }
});
