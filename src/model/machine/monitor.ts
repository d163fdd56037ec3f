import type { MonitorCommand } from '../../candidate/commands/ip.ts';
import { printLinks } from '../../candidate/commands/ip/print-link.ts';
import { createSignal, type Job } from '../../candidate/shell/process.ts';
import { pipeSignal } from '../../candidate/shell/program.ts';
import { brokenPipe } from '../../candidate/shell/streams.ts';
import { deviceNamed, type Host, type LinkListener } from '../host.ts';
import { listingOf } from './apply-link.ts';
import { failed, type Outcome } from './outcome.ts';

/** `ip monitor link`. It goes on until it is ended, or nobody reads what it says. */
export function* monitor(
  host: Host,
  { device, output }: MonitorCommand,
  say: (text: string) => string | null,
): Job<Outcome> {
  const only = device === null ? null : deviceNamed(host, device);
  if (device !== null && !only) return failed(`Error: argument "${device}" is wrong: Device does not exist\n`, 255);
  const unheard = createSignal();
  const listener: LinkListener = (link, gone) => {
    if (only && link.index !== only.index) return;
    const problem = say((gone ? 'Deleted ' : '') + printLinks([listingOf(link)], output));
    if (problem === brokenPipe) unheard.give();
  };
  host.linkListeners.add(listener);
  try {
    yield unheard.wait;
    return { status: pipeSignal, stdout: '', stderr: '' };
  } finally {
    host.linkListeners.delete(listener);
  }
}
