import { compilePattern, isPattern, matches, type PatternPiece } from './pattern.ts';
import type { Field } from './split.ts';

/**
 * Pathname expansion (POSIX.1-2024, XCU 2.14.3): a name that begins with a dot is matched by a dot only.
 *
 * @returns the paths that match, sorted; `null` if the pattern doesn't begin at the root folder
 */
export function expandPathname(
  field: Field,
  list: (folder: string) => readonly string[] | null,
): readonly string[] | null {
  const [root, ...components] = splitAtSlashes(field);
  if (!root || root.some(({ text }) => text !== '')) return null;
  let paths = [''];
  for (const [index, component] of components.entries()) {
    const name = component.map(({ text }) => text).join('');
    if (!isPattern(component)) {
      const last = index === components.length - 1;
      paths = paths.map((path) => `${path}/${name}`);
      if (last && name !== '') paths = paths.filter((path) => list(parent(path))?.includes(name) ?? false);
      else if (last) paths = paths.filter((path) => list(path) !== null);
      continue;
    }
    const pattern = compilePattern(component);
    paths = paths.flatMap((path) =>
      (list(path === '' ? '/' : path) ?? [])
        .filter((entry) => !entry.startsWith('.') || name.startsWith('.'))
        .filter((entry) => matches(pattern, entry))
        .map((entry) => `${path}/${entry}`),
    );
  }
  return paths.sort();
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function splitAtSlashes(field: Field): readonly Field[] {
  const components: PatternPiece[][] = [[]];
  for (const { text, quoted } of field) {
    const [first, ...others] = text.split('/');
    components.at(-1)?.push({ text: first ?? '', quoted });
    for (const other of others) components.push([{ text: other, quoted }]);
  }
  return components;
}
