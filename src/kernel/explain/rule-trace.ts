import { LabError } from '../../net/error.ts';
import type { Sandbox } from '../sandbox.ts';
import { readBaseChains, readRuleTraces, tracer, type RuleTrace } from './rule-trace-lines.ts';

/** The hosts that have rules of netfilter's. */
export async function hostsWithRules(sandbox: Sandbox, hosts: readonly string[]): Promise<readonly string[]> {
  const script = hosts.map(
    (host) => `[ -z "$(nsenter --net=/run/netns/${host} nft list ruleset 2>/dev/null)" ] || echo ${host}`,
  );
  const found = await sandbox.run('looking for rules', null, ['sh', '-eu'], { input: `${script.join('\n')}\n` });
  return found.split('\n').filter(Boolean);
}

export interface RuleTracing {
  /** Each packet's way through the host's rules up to now. */
  seen(): Promise<readonly RuleTrace[]>;
}

/** Below raw, which is −300: before the first rule that decides anything. */
const rules = `table ip ${tracer} {
  chain prerouting {
    type filter hook prerouting priority -310
    meta nftrace set 1
  }
  chain output {
    type filter hook output priority -310
    meta nftrace set 1
  }
}
`;

/** A datagram of the host's to itself, whose trace is told, and with it all that came before. */
const marker = (port: number): string => `echo | socat -u - UDP4-SENDTO:127.0.0.1:${port} || :`;
const [first, last] = [9, 10];

/** Resolves when the host tells of every rule that a packet matches. A packet that is traced is decided on as any other. */
export async function traceRules(sandbox: Sandbox, host: string): Promise<RuleTracing> {
  await sandbox.run('tracing rules', host, ['nft', '-f', '-'], { input: rules });
  const daemon = sandbox.start(`nft monitor on ${host}`, host, ['nft', '-n', 'monitor', 'trace']);
  const job = sandbox.launch(host, ['sh', '-c', `while :; do ${marker(first)}; done`]);
  const told = (port: number): RegExp =>
    new RegExp(`ip ${tracer} output packet: .* ip daddr 127\\.0\\.0\\.1 .* dport ${port}\\b`);
  await daemon.says(told(first), 60);
  await job.stop();
  const chains = readBaseChains(await sandbox.run('listing chains', host, ['nft', '-j', 'list', 'chains']));
  return {
    seen: async () => {
      await sandbox.run('ending the trace', host, ['sh', '-c', marker(last)]);
      await daemon.says(told(last), 60);
      const lost = daemon.lines.filter((line) => /no buffer space|ENOBUFS/i.test(line));
      if (lost.length > 0) throw new LabError('lab-failed', `${daemon.name} lost events: ${lost.join(' | ')}`);
      return readRuleTraces(daemon.lines, chains);
    },
  };
}
