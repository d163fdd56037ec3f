import { formatIPv4 } from '../../../net/address.ts';
import type { Clock } from '../../clock.ts';

/** What a program has said, each line with its time in seconds before it. */
export interface Log {
  readonly lines: readonly string[];
  say(line: string): void;
}

export function createLog(clock: Clock): Log {
  const lines: string[] = [];
  return {
    lines,
    say: (line) => {
      lines.push(`${clock.now.toFixed(3)} ${line}`);
    },
  };
}

/** An address and port as OpenVPN prints them. */
export function endpoint(address: number, port: number): string {
  return `[AF_INET]${formatIPv4(address)}:${port}`;
}

const errorTexts: Readonly<Record<string, string>> = {
  ENETUNREACH: 'Network is unreachable (code=101)',
  EHOSTUNREACH: 'No route to host (code=113)',
  EACCES: 'Permission denied (code=13)',
  EINVAL: 'Invalid argument (code=22)',
  ENODEV: 'No such device (code=19)',
  EPERM: 'Operation not permitted (code=1)',
};

/** strerror(3) of what a socket said, and its number. */
export function errorText(error: string): string {
  return errorTexts[error] ?? error;
}
