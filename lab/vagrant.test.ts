import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPrism, Visitor, type CallNode } from '@ruby/prism';
import test from 'ava';
import { execa } from 'execa';

const source = await readFile('Vagrantfile', 'utf8');

test('the Vagrantfile is Ruby without a warning, and its boxes go by their names alone', async (t) => {
  const { errors, warnings, value } = (await loadPrism())(source);
  t.deepEqual(errors, []);
  t.deepEqual(warnings, []);

  const boxes: string[] = [];
  class Boxes extends Visitor {
    override visitCallNode(node: CallNode): void {
      const [argument] = node.name === 'box=' ? (node.arguments_?.arguments_ ?? []) : [];
      if (argument) boxes.push(text(argument.location));
      super.visitCallNode(node);
    }
  }
  new Boxes().visit(value);
  t.deepEqual(boxes, ["'bento/debian-13'", "'debian/trixie64'"]);
});

test('what it is set up by is a script that a shell reads, and ends with our own setup', async (t) => {
  const script = /<<~SCRIPT\n([^]*?)\n +SCRIPT\n/.exec(source)?.[1] ?? '';
  await t.notThrowsAsync(execa('sh', ['-n'], { input: script }));
  t.regex(script, /\n *cd \/vagrant\n *sh lab\/setup$/);
});

test('Vagrant takes it, where there is Vagrant', async (t) => {
  const { failed, code } = await execa('vagrant', ['--version'], { reject: false });
  if (failed && code === 'ENOENT') {
    t.log('not tried: Vagrant is not installed');
    t.pass();
    return;
  }
  const home = await mkdtemp(join(tmpdir(), 'vagrant-'));
  t.teardown(() => rm(home, { recursive: true }));
  const env = { VAGRANT_HOME: home, VAGRANT_DOTFILE_PATH: join(home, 'machine'), VAGRANT_CHECKPOINT_DISABLE: '1' };
  const { all, exitCode } = await execa('vagrant', ['validate', '--ignore-provider'], {
    env,
    all: true,
    reject: false,
  });
  t.is(exitCode, 0, all);
});

function text({ startOffset, length }: { readonly startOffset: number; readonly length: number }): string {
  return Buffer.from(source)
    .subarray(startOffset, startOffset + length)
    .toString();
}
