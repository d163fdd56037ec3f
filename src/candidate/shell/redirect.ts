import { expandText } from './expand.ts';
import { complain, Exit, type Shell } from './state.ts';
import { fileOutput, nullOutput, type Stream, textInput } from './streams.ts';
import type { Redirection, Word } from './syntax.ts';

/**
 * Runs something with its descriptors redirected.
 *
 * @param failed what to do if one can't be: that was said already
 */
export function redirected(
  shell: Shell,
  redirections: readonly Redirection[],
  failed: () => number,
  run: () => number,
): number {
  if (redirections.length === 0) return run();
  const before = [...shell.descriptors];
  try {
    for (const redirection of redirections) {
      const stream = open(shell, redirection);
      if (typeof stream === 'string') complain(shell, redirection.at, stream);
      if (typeof stream === 'string' || !stream) return failed();
      shell.descriptors.set(redirection.descriptor, stream);
    }
    return run();
  } finally {
    shell.descriptors.clear();
    for (const [descriptor, stream] of before) shell.descriptors.set(descriptor, stream);
  }
}

/** The stream, or why there is none; `null` where that was said already. */
function open(shell: Shell, redirection: Redirection): Stream | string | null {
  const { at } = redirection;
  const { machine } = shell.shared;
  switch (redirection.kind) {
    case 'duplicate':
      return shell.descriptors.get(redirection.from) ?? `${redirection.from}: Bad file descriptor`;
    case 'here-document':
      return openHereDocument(shell, redirection.text);
    case 'read': {
      const path = expandText(shell, redirection.target);
      const text = path === '/dev/null' ? '' : machine.read(path, at);
      return text === null ? `cannot open ${path}: No such file` : textInput(text, null);
    }
    case 'write':
    case 'append': {
      const path = expandText(shell, redirection.target);
      if (path === '/dev/null') return nullOutput;
      const file = machine.open(path, redirection.kind === 'append', at);
      return typeof file === 'string' ? `cannot create ${path}: ${file}` : fileOutput(file);
    }
  }
}

/** In a here-document, unlike in a word, an error of an expansion does not end the shell. */
function openHereDocument(shell: Shell, text: Word): Stream | null {
  try {
    return textInput(expandText(shell, text), text.at);
  } catch (error) {
    if (error instanceof Exit) return null;
    throw error;
  }
}
