import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/* Where our own modules are: `import.meta.url` is a source's, also where it was compiled (lab/start.js); the file that runs isn't. */

/** Whether we run as compiled, and not by tsx. */
export const isCompiled = extname(import.meta.filename) === '.js';

/** Where to load a module of the project's from, as we are ourselves: compiled or by tsx. @param path without its extension */
export function moduleUrl(path: string): string {
  return pathToFileURL(join(import.meta.dirname, '../..', path + extname(import.meta.filename))).href;
}
