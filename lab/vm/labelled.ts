import { Writable } from 'node:stream';

/** Passes on what is written to it line by line, each after a name: for what several say at a time. */
export function labelled(name: string, to: Pick<Writable, 'write'>): Writable {
  let begun = '';
  return new Writable({
    write: (chunk: Buffer, _encoding, taken) => {
      const lines = `${begun}${chunk.toString()}`.split('\n');
      begun = lines.pop() ?? '';
      for (const line of lines) to.write(`${name}: ${line}\n`);
      taken();
    },
    final: (done) => {
      if (begun !== '') to.write(`${name}: ${begun}\n`);
      done();
    },
  });
}
