import { expandText } from './expand.ts';
import type { Location } from './location.ts';
import type { Job } from './process.ts';
import { complain, Exit, lead, type Shell } from './state.ts';
import { fileOutput, nullOutput, type Stream, textInput } from './streams.ts';
import type { Redirection, RedirectedCommand, SimpleCommand, Word } from './syntax.ts';

/**
 * Runs a command with its descriptors redirected.
 *
 * @param failed what to do if one can't be: that was said already
 */
export function* redirected(
  shell: Shell,
  command: SimpleCommand | RedirectedCommand,
  failed: () => number,
  run: () => Job<number>,
): Job<number> {
  const { redirections } = command;
  if (redirections.length === 0) return yield* run();
  if (shell.final === command) return (yield* redirect(shell, redirections)) ? yield* run() : failed();
  const { descriptors } = shell;
  const before: (readonly [number, Stream | undefined])[] = [];
  try {
    for (const redirection of redirections) {
      const stream = yield* open(shell, redirection);
      if (stream === 'failed') return failed();
      const { descriptor } = redirection;
      before.unshift([descriptor, descriptors.get(descriptor)]);
      if (stream) descriptors.set(descriptor, stream);
      else descriptors.delete(descriptor);
    }
    return yield* run();
  } finally {
    for (const [descriptor, stream] of before) {
      descriptors.get(descriptor)?.release();
      if (stream) descriptors.set(descriptor, stream);
      else descriptors.delete(descriptor);
    }
  }
}

/** Redirects descriptors for good, as `exec` does. Returns whether they could be; if not, that was said. */
export function* redirect(shell: Shell, redirections: readonly Redirection[]): Job<boolean> {
  for (const redirection of redirections) {
    const stream = yield* open(shell, redirection);
    if (stream === 'failed') return false;
    const { descriptor } = redirection;
    if (stream) lead(shell, descriptor, stream);
    else {
      shell.descriptors.get(descriptor)?.release();
      shell.descriptors.delete(descriptor);
    }
  }
  return true;
}

/** The stream; `null` where the descriptor is closed; `failed` where there is none, and that was said. */
function* open(shell: Shell, redirection: Redirection): Job<Stream | 'failed' | null> {
  const { at } = redirection;
  const opened = (stream: Stream | string): Stream | 'failed' => {
    if (typeof stream !== 'string') return stream;
    complain(shell, at, stream);
    return 'failed';
  };
  switch (redirection.kind) {
    case 'close':
      return null;
    case 'duplicate': {
      const stream = shell.descriptors.get(redirection.from);
      stream?.hold();
      return opened(stream ?? `${redirection.from}: Bad file descriptor`);
    }
    case 'here-document':
      return yield* openHereDocument(shell, redirection.text);
    case 'read':
    case 'write':
    case 'append': {
      const path = yield* expandText(shell, redirection.target);
      return opened(yield* openPath(shell, path, redirection.kind, at));
    }
  }
}

/** The stream, or why there is none. */
function* openPath(shell: Shell, path: string, kind: 'read' | 'write' | 'append', at: Location): Job<Stream | string> {
  const { machine } = shell.shared;
  const pipe = machine.pipe(path);
  if (pipe) return yield* pipe.open(kind === 'read' ? 'read' : 'write');
  if (kind === 'read') {
    const text = path === '/dev/null' ? '' : machine.read(path, at);
    return text === null ? `cannot open ${path}: No such file` : textInput(text, null);
  }
  if (path === '/dev/null') return nullOutput;
  const file = machine.open(path, kind === 'append', at);
  return typeof file === 'string' ? `cannot create ${path}: ${file}` : fileOutput(file);
}

/** In a here-document, unlike in a word, an error of an expansion does not end the shell. */
function* openHereDocument(shell: Shell, text: Word): Job<Stream | 'failed'> {
  try {
    return textInput(yield* expandText(shell, text), text.at);
  } catch (error) {
    if (error instanceof Exit) return 'failed';
    throw error;
  }
}
