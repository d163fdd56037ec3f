/** What a program says, and the status it ends with. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const done: Outcome = { status: 0, stdout: '', stderr: '' };

export function failed(message: string, status = 2): Outcome {
  return { status, stdout: '', stderr: `${message}\n` };
}

export function noDevice(name: string): Outcome {
  return failed(`Cannot find device "${name}"`, 1);
}

export function printed(text: string): Outcome {
  return { status: 0, stdout: text, stderr: '' };
}
