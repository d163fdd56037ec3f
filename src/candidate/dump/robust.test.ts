/** Dumps that were changed at random: they are read or refused, with the place; and what is read, the model takes or refuses. */
import test from 'ava';
import fc from 'fast-check';
import threeIsps from '../../../lab/topologies/three-isps.ts';
import { modelBackend } from '../../model/lab.ts';
import { LabError } from '../../net/error.ts';
import { refusal } from '../commands/sample-words.ts';
import { dumpOf } from './files.ts';
import { readDump } from './read.ts';
import { sample } from './sample-dump.ts';

type File = keyof typeof sample;
type Texts = Readonly<Record<string, string>>;

const topology = threeIsps();
const files = fc.constantFrom(...(Object.keys(sample) as File[]));
const place = /^host\/[a-z-]+\.(?:json|txt):\d+:\d+: \S/;

/** A piece of a text that is left out, doubled, or another one. */
const torn: fc.Arbitrary<Texts> = fc
  .tuple(
    files,
    fc.nat(),
    fc.integer({ min: 0, max: 12 }),
    fc.oneof(fc.string(), fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '0', ' ', '\n')),
  )
  .map(([file, position, length, piece]) => {
    const text = sample[file];
    const start = position % text.length;
    return { ...sample, [file]: text.slice(0, start) + piece + text.slice(start + length) };
  });

/** A value of a JSON document that is another one. */
const twisted: fc.Arbitrary<Texts> = fc
  .tuple(
    fc.constantFrom<File>('ip-addr.json', 'ip-route.json', 'ip-rule.json', 'ip-neigh.json', 'nft.json'),
    fc.nat(),
    fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('isp1', '203.0.113.2', '10.0.0.0/8', 'all', '@known', 7, 32766),
    ),
  )
  .map(([file, nth, instead]) => {
    let count = 0;
    JSON.parse(sample[file], () => {
      count++;
    });
    let index = 0;
    const changed: unknown = JSON.parse(sample[file], (_key, value: unknown) =>
      index++ === nth % count ? instead : value,
    );
    return { ...sample, [file]: JSON.stringify(changed) };
  });

const runs = Number(process.env['DUMPS'] ?? 400);

for (const [how, changed] of Object.entries({ torn, twisted })) {
  test(`whatever is ${how} in a dump, it is read or refused at its place`, (t) => {
    const seed = Date.now() % 2 ** 31;
    let many = 0;
    fc.assert(
      fc.property(changed, (texts) => {
        const [message] = refusal(() => readDump(dumpOf('host', texts), topology));
        if (message === '') many++;
        else t.regex(message, place);
      }),
      { seed, numRuns: runs },
    );
    t.log(`seed ${seed}: ${many} of ${runs} were read`);
    t.true(many > runs / 50 && many < runs);
  });
}

test('what is twisted and read nevertheless, the model takes or refuses at its place', async (t) => {
  const seed = Date.now() % 2 ** 31;
  const model = modelBackend({ release: '6.18.44', turn: () => new Promise((resolve) => setImmediate(resolve)) });
  const samples = fc.sample(fc.oneof(torn, twisted), { numRuns: runs / 8, seed });
  let many = 0;
  for (const texts of samples) {
    const lab = await model.open(topology, {
      ...{ profile: 'kernel', seed: 1, tunnels: {}, directory: '/nonexistent', label: 'dump' },
    });
    const dump = dumpOf('host', texts);
    const candidate = { name: 'host', title: 'host', lesson: '', script: 'host', sources: {}, dump };
    try {
      await lab.apply(candidate);
      many++;
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      t.regex(error.message, place);
    }
    await lab.close();
  }
  t.log(`seed ${seed}: ${many} of ${samples.length} were taken`);
  t.true(many > 0);
});

test('the sample itself is taken, and the script that left it need not be read', async (t) => {
  const model = modelBackend({ release: '6.18.44', turn: () => new Promise((resolve) => setImmediate(resolve)) });
  const lab = await model.open(topology, {
    ...{ profile: 'kernel', seed: 1, tunnels: {}, directory: '/nonexistent', label: 'dump' },
  });
  const dump = dumpOf('host', sample);
  const sources = { 'up.sh': 'shorewall start' };
  await lab.apply({ name: 'host', title: 'host', lesson: '', script: 'up.sh', sources, dump });
  t.is(await lab.sysctl('server', 'net.ipv4.conf.all.rp_filter'), '2');
  t.is(await lab.sysctl('server', 'net.ipv4.conf.service.arp_ignore'), '1');
  // By rule 100, which is about all but the marked of 10.0.0.0/8.
  t.is(await lab.route('server', '198.51.100.10', '203.0.114.2'), 'isp1');
});
