import { dottedName, type SysctlCommand } from '../../candidate/commands/sysctl.ts';
import { LabError } from '../../net/error.ts';
import type { Host } from '../host.ts';
import { defaultOf, isIdle } from '../idle-sysctls.ts';
import { done, failed, printed, type Outcome } from './outcome.ts';

const base = '/proc/sys/';

/** `sysctl`. */
export function applySysctl(host: Host, command: SysctlCommand): Outcome {
  const { path, print, ignoreUnknown } = command;
  const name = dottedName(path);
  if (!isVariable(host, base + path)) {
    return ignoreUnknown ? done : failed(`sysctl: cannot stat ${base}${path}: No such file or directory`, 1);
  }
  if (command.action === 'write') {
    const refused = writeVariable(host, base + path, `${command.value}\n`);
    if (refused !== null) return failed(`sysctl: setting key "${name}": ${refused}`, 1);
  }
  const now = command.action === 'write' ? command.value : (readVariable(host, base + path) ?? '').trim();
  switch (print) {
    case 'nothing':
      return done;
    case 'name':
      return printed(`${name}\n`);
    case 'value':
      return printed(`${now}\n`);
    case 'name and value':
      return printed(`${name} = ${now}\n`);
  }
}

function keyOf(path: string): string | null {
  return path.startsWith(`${base}net/`) ? path.slice(`${base}net/`.length).replaceAll('/', '.') : null;
}

/** Whether there is such a file below /proc/sys. */
export function isVariable(host: Host, path: string): boolean {
  const key = keyOf(path);
  return key !== null && (host.sysctls.value(key) !== null || isIdle(key));
}

/**
 * What a file below /proc/sys holds, or null if there is none.
 *
 * @throws LabError 'invalid' for one that the kernel has, with a value that the model doesn't know
 */
export function readVariable(host: Host, path: string): string | null {
  const key = keyOf(path);
  if (key === null) return null;
  const value = host.sysctls.value(key);
  if (value !== null) return `${value}\n`;
  if (!isIdle(key)) return null;
  const text = host.sysctls.idle.get(key) ?? defaultOf(key);
  if (text !== null) return `${text}\n`;
  throw new LabError(
    'invalid',
    `${path} has a value that the model doesn't know`,
    'nothing that it does depends on it: write it, or do without',
  );
}

/** @returns why it can't be written, or null */
export function writeVariable(host: Host, path: string, text: string): string | null {
  const key = keyOf(path);
  if (key === null) return 'No such file or directory';
  if (host.sysctls.value(key) === null) {
    if (!isIdle(key)) return 'No such file or directory';
    host.sysctls.idle.set(key, text.trim());
    return null;
  }
  const words = text.trim().split(/\s+/);
  const value = Number(words[0]);
  if (words[0] === '' || !Number.isInteger(value)) return 'Invalid argument';
  const before = host.sysctls.read(key);
  host.sysctls.write(key, value);
  if (makesRoutesOld(key, before, value)) host.routeGeneration += 1;
  return null;
}

/** Whether routes that are remembered are to be looked up anew (net/ipv4/devinet.c, devinet_conf_proc, ipv4_doint_and_flush). */
function makesRoutesOld(key: string, before: number, value: number): boolean {
  const [, name] = /^ipv4[.](?:conf[.].+[.])?(\w+)$/.exec(key) ?? [];
  switch (name) {
    case 'ip_forward':
    case 'forwarding':
      return value !== before && !key.startsWith('ipv4.conf.default.');
    case 'route_localnet':
    case 'promote_secondaries':
      return value !== before;
    case 'accept_local':
      return before !== 0 && value === 0;
    default:
      return false;
  }
}
