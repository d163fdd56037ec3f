import { quoted } from './text.ts';

/** What a diagnostic may hold. */
export type YamlValue = string | number | boolean | null | readonly YamlValue[] | YamlMapping;
export interface YamlMapping {
  readonly [key: string]: YamlValue;
}

/** Lower-case words that no YAML version takes for anything but a string; `no` and `off` are booleans in YAML 1.1. */
const plainWord = /^(?!(?:null|true|false|yes|no|on|off|y|n)$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** The lines of a block mapping. Strings but plain words are double-quoted; keys must be plain words or camel case. */
export function yamlLines(mapping: YamlMapping): readonly string[] {
  return Object.entries(mapping).flatMap(([key, value]) => {
    if (isList(value) && value.length > 0) return [`${key}:`, ...value.map((item) => `  - ${flow(item)}`)];
    if (isMapping(value)) return [`${key}:`, ...yamlLines(value).map((line) => `  ${line}`)];
    return [`${key}: ${flow(value)}`];
  });
}

/** The value on one line. */
function flow(value: YamlValue): string {
  if (typeof value === 'string') return plainWord.test(value) ? value : quoted(value);
  if (isList(value)) return `[${value.map(flow).join(', ')}]`;
  if (isMapping(value))
    return `{${Object.entries(value)
      .map(([key, field]) => `${key}: ${flow(field)}`)
      .join(', ')}}`;
  return String(value);
}

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value);
const isMapping = (value: YamlValue): value is YamlMapping =>
  typeof value === 'object' && value !== null && !isList(value);
