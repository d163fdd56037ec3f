import type { FpingCommand } from '../../candidate/commands/fping.ts';
import { createSignal, type Job } from '../../candidate/shell/process.ts';
import { deviceNamed, type Host } from '../host.ts';
import { freeIdentifier, openEchoSocket } from '../services/echo-request.ts';
import { failed, printed, type Outcome } from './outcome.ts';

/** `fping`, as version 5.1 does it: a try that can't even be sent is the last one. */
export function* applyFping(host: Host, command: FpingCommand): Job<Outcome> {
  const device = command.device === null ? null : deviceNamed(host, command.device);
  if (command.device !== null && !device) {
    return failed('binding to specific interface (SO_BINTODEVICE): No such device', 1);
  }
  const state = { answered: false };
  const isAnswered = (): boolean => state.answered;
  const heard = createSignal();
  const socket = openEchoSocket(host, freeIdentifier(host), device, () => {
    state.answered = true;
    heard.give();
  });
  try {
    let patience = command.timeout;
    for (let attempt = 0; attempt <= command.retries && !isAnswered(); attempt++) {
      const sent = socket.send(command.target, attempt);
      if (sent !== 'accept' && sent !== 'drop') break;
      if (isAnswered()) break;
      const seconds = patience;
      yield (resume) => {
        heard.wait(resume);
        host.clock.after(seconds, resume);
      };
      patience *= command.backoff;
    }
  } finally {
    socket.close();
  }
  const said = command.quiet ? '' : `${command.name} is ${isAnswered() ? 'alive' : 'unreachable'}\n`;
  return { ...printed(said), status: isAnswered() ? 0 : 1 };
}
