import { dottedName, type SysctlCommand } from '../../candidate/commands/sysctl.ts';
import type { Host } from '../host.ts';
import { done, failed, printed, type Outcome } from './outcome.ts';

const base = '/proc/sys/';

/** Variables that the kernel has and that have no bearing on where a packet goes; they read as 0. */
const withoutBearing =
  /^net\/(?:ipv6\/|core\/|ipv4\/(?:tcp_(?!fwmark_accept)|udp_|icmp_(?!echo_ignore_all|ratelimit|ratemask)|igmp_|neigh\/|route\/|ipfrag_|ip_local_port_range$|conf\/[^/]+\/(?:arp_notify|bootp_relay|disable_policy|disable_xfrm|tag|mc_forwarding|medium_id|drop_|force_igmp)))/;

/** `sysctl`. */
export function applySysctl(host: Host, command: SysctlCommand): Outcome {
  const { path, print, ignoreUnknown } = command;
  const name = dottedName(path);
  const value = readVariable(host, base + path);
  if (value === null) {
    return ignoreUnknown ? done : failed(`sysctl: cannot stat ${base}${path}: No such file or directory`, 1);
  }
  if (command.action === 'write') {
    const refused = writeVariable(host, base + path, `${command.value}\n`);
    if (refused !== null) return failed(`sysctl: setting key "${name}": ${refused}`, 1);
  }
  const now = command.action === 'write' ? command.value : value.trim();
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

/** What a file below /proc/sys holds, or null if there is none. */
export function readVariable(host: Host, path: string): string | null {
  const key = keyOf(path);
  if (key === null) return null;
  const value = host.sysctls.value(key);
  if (value !== null) return `${value}\n`;
  return withoutBearing.test(path.slice(base.length)) ? '0\n' : null;
}

/** @returns why it can't be written, or null */
export function writeVariable(host: Host, path: string, text: string): string | null {
  const key = keyOf(path);
  if (key === null) return 'No such file or directory';
  if (host.sysctls.value(key) === null) {
    return withoutBearing.test(path.slice(base.length)) ? null : 'No such file or directory';
  }
  const words = text.trim().split(/\s+/);
  const value = Number(words[0]);
  if (words[0] === '' || !Number.isInteger(value)) return 'Invalid argument';
  host.sysctls.write(key, value);
  host.routeGeneration += 1;
  return null;
}
