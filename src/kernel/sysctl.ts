import { hashSeedPath, type Setting } from '../topology/profile.ts';

/** The shell commands that write sysctls; to be run in a host's network namespace. */
export function sysctlScript(settings: readonly Setting[]): string {
  const base = '/proc/sys/net';
  return settings
    .map(([path, value]) => {
      const write = `echo ${value} >${base}/${path}`;
      return path === hashSeedPath ? `if [ -e ${base}/${path} ]; then ${write}; fi` : write;
    })
    .join('\n');
}
