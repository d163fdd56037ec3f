import test from 'ava';
import { labelled } from './labelled.ts';

test('each line has its name, also in pieces', (t) => {
  const lines: string[] = [];
  const to = { write: (line: string) => lines.push(line) > 0 };
  const one = labelled('5.10', to);
  const other = labelled('6.1', to);
  one.write('Running on ');
  other.write('up\n');
  one.write(Buffer.from('the kernel\n\nand '));
  one.end('off');
  other.end();
  t.deepEqual(lines, ['6.1: up\n', '5.10: Running on the kernel\n', '5.10: \n', '5.10: and off\n']);
});
