import { echoText, type Answer, type Request, type UdpEchoServer } from '../backend/service.ts';
import { launchProgram } from './inside/program.ts';
import type { Job, Sandbox } from './sandbox.ts';

/** Seconds between datagrams, and how long we listen on after the last. */
const [interval, patience] = [0.02, 1];

/**
 * One socket for all. (socat's, which forks for each datagram, was seen to lose one where two came at a time.)
 */
export async function serveUdpEcho(sandbox: Sandbox, host: string, { port, binding }: UdpEchoServer): Promise<Job> {
  const address = binding.kind === 'address' ? [binding.address] : [];
  const job = await launchProgram(sandbox, host, 'udp-echo', [String(port), ...address]);
  await job.says(/^listening$/m, 10);
  return job;
}

/**
 * Sends numbered datagrams from a connected socket, so that the kernel lets no answer from elsewhere through; ends as
 * soon as as many have come back.
 */
export async function requestEchoes(
  sandbox: Sandbox,
  host: string,
  { server, port, sourcePort, count }: Extract<Request, { kind: 'udp-echo' }>,
): Promise<Answer> {
  const send = `for number in $(seq -w ${count}); do echo "echo $number from port ${sourcePort}"; sleep ${interval}; done`;
  const expected = Array.from({ length: count }, (_, index) => echoText(index + 1, count, sourcePort));
  // As many bytes at a time as a line has: where two wait in the pipe, they are two datagrams nevertheless.
  const socat = `socat -b ${(expected[0] ?? '').length + 1} -t ${patience} - UDP4:${server}:${port},sourceport=${sourcePort}`;
  const { stdout, stderr } = await sandbox.attempt(host, ['sh', '-c', `{ ${send}; } | ${socat} | head -n ${count}`]);
  const lines = stdout.split('\n').filter(Boolean);
  const came = expected.filter((line) => lines.includes(line)).length;
  const said = [`${came} of ${count} came back`, ...lines, ...stderr.split('\n')];
  return { accepted: came === count, said, bytes: null };
}
