import { Readable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { untilMark } from './until-mark.ts';

/** What is passed on of some chunks, each piece as it comes, and whether the mark came. */
async function passedOn(chunks: readonly string[], mark: string) {
  const pieces: string[] = [];
  const to = { write: (piece: Buffer) => pieces.push(piece.toString()) > 0, once: () => to };
  const came = await untilMark(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), mark, to as never);
  return { pieces, came };
}

test('what may be the mark waits, and nothing else', async (t) => {
  t.deepEqual(await passedOn(['one ', 'two [', 'x] [e', 'nd]'], '[end]'), {
    pieces: ['one ', 'two ', '[x] '],
    came: true,
  });
  t.deepEqual(await passedOn(['[[e', '[end] and more', 'never'], '[end]'), { pieces: ['[', '[e'], came: true });
});

test('a stream that ends before is told from one that is whole', async (t) => {
  t.deepEqual(await passedOn(['all', ' of it[en'], '[end]'), { pieces: ['all', ' of it'], came: false });
});

test('however it is cut, all before the mark is passed on, and no more', async (t) => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      letters,
      letters,
      fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
      async (before, after, sizes) => {
        const mark = 'aab';
        const text = `${before}${mark}${after}`;
        const chunks: string[] = [];
        for (let at = 0; at < text.length; at += chunks.at(-1)!.length)
          chunks.push(text.slice(at, at + (sizes.next().value as number)));
        const { pieces, came } = await passedOn(chunks, mark);
        t.true(came);
        t.is(pieces.join(''), text.slice(0, text.indexOf(mark)));
      },
    ),
  );
});

test('it waits for who takes it', async (t) => {
  const from = Readable.from([Buffer.from('a'), Buffer.from('b'), Buffer.from('.')]);
  const taken: string[] = [];
  let drained = (): void => undefined;
  const to = {
    write: (piece: Buffer) => {
      taken.push(piece.toString());
      return false;
    },
    once: (_: string, listen: () => void) => (drained = listen),
  };
  const end = untilMark(from, '.', to as never);
  await new Promise(setImmediate);
  t.deepEqual(taken, ['a']);
  drained();
  await new Promise(setImmediate);
  t.deepEqual(taken, ['a', 'b']);
  drained();
  t.true(await end);
});
