import type { Fault } from '../backend/fault.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import { addressOf, beneath, type End, type Link, type Pppoe, type Topology } from '../topology/topology.ts';
import { document } from './network.ts';
import { quote, scratch, type Job, type Sandbox } from './sandbox.ts';

/** A lab's lines over PPP: a real pppd at the one end of each, an access concentrator at the other. */
export interface DialledLines {
  /** Has pppd run the candidate's `ip-up` and `ip-down` from now on. */
  deploy(candidate: Candidate): Promise<void>;
  /**
   * Ends a line, or lets it be dialled again. To end, the concentrator hangs up and is gone; pppd dials on. Resolves when pppd has
   * the line down, or up, and its script has ended.
   *
   * @param topology as it is after the fault
   * @returns false for a fault that isn't a dialled line's to suffer: nothing is done
   * @throws LabError `lab-failed` if it doesn't come to that
   */
  inflict(topology: Topology, fault: Fault): Promise<boolean>;
  /** What the programs at both ends have said, and the scripts that pppd ran: by the names of logs. */
  readonly logs: readonly { readonly name: string; readonly text: () => Promise<string> }[];
}

/** Its configuration and logs, in the sandbox's own memory. */
const folder = `${scratch}/ppp`;
/** Seconds. A line that is dialled again takes some five, most of it waiting for the next try. */
const patience = 60;

/** Short timers, as in both ends' pppd: a peer that is silent is given up after three seconds, and the session two later. */
const timers = ['lcp-echo-interval', '1', 'lcp-echo-failure', '3', 'lcp-restart', '1'];
const both = ['noauth', 'nodetach', 'debug', 'noccp', 'noipv6', ...timers];
const redial = ['persist', 'maxfail', '0', 'holdoff', '1', 'pppoe-padi-timeout', '1', 'pppoe-padi-attempts', '1'];

/** What pppd is told about a default route. It replaces one only if it is to make one. */
const defaultRoute: Readonly<Record<Pppoe['defaultRoute'], readonly string[]>> = {
  nodefaultroute: ['nodefaultroute'],
  defaultroute: ['defaultroute'],
  replacedefaultroute: ['defaultroute', 'replacedefaultroute'],
};

interface Line {
  readonly link: Link & { readonly pppoe: Pppoe };
  readonly pppd: Job;
  /** Null while the far end is gone. */
  concentrator: Job | null;
}

/** Has all lines over PPP dialled, in the order of the links, and resolves when they are up. */
export async function dialLines(sandbox: Sandbox, topology: Topology): Promise<DialledLines> {
  const links = topology.links.filter((link): link is Line['link'] => link.pppoe !== undefined);
  if (links.length === 0) return { deploy: done, inflict: () => Promise.resolve(false), logs: [] };
  // The machine's own configuration of PPP is neither read nor changed: the sandbox has its own mounts.
  const prepare = `mount -t tmpfs tmpfs /etc/ppp\nmkdir -p /run/lock ${folder}`;
  await sandbox.run('preparing PPP', null, ['sh', '-eu'], { input: `${prepare}\n${scriptFiles(null)}` });
  const lines: Line[] = [];
  // One after the other: of those that are to make a default route, the first does.
  for (const link of links) lines.push(await dial(sandbox, link));
  return {
    deploy: async ({ lineScripts = null }) => {
      await sandbox.run('handing pppd its scripts', null, ['sh', '-eu'], { input: scriptFiles(lineScripts) });
    },
    inflict: async (after, fault) => {
      if (fault.kind !== 'vanish' && fault.kind !== 'return') return false;
      const line = lines.find(({ link }) =>
        link.ends.some((end) => end.host === fault.host && end.interface === fault.interface),
      );
      if (!line) return false;
      const link = after.links[topology.links.indexOf(line.link)] ?? line.link;
      await (fault.kind === 'vanish' ? hangUp(sandbox, line) : letDial(sandbox, line, link));
      return true;
    },
    logs: lines.flatMap(({ link, pppd }) => {
      const [near, far] = link.ends;
      const read = (pattern: string) => async () =>
        (await sandbox.attempt(null, ['sh', '-c', `cat ${pattern} 2>/dev/null`])).stdout;
      return [
        { name: `${near.host}-pppd-${near.interface}`, text: pppd.said },
        { name: `${near.host}-ip-scripts-${near.interface}`, text: read(`${folder}/*-${near.interface}.script`) },
        { name: `${far.host}-pppd-${far.interface}`, text: read(logOf(far)) },
      ];
    }),
  };
}

const done = (): Promise<void> => Promise.resolve();
const logOf = ({ host, interface: name }: End): string => `${folder}/${host}-${name}.log`;
const programOf = (kind: Script): string => `${folder}/${kind}`;

/**
 * The programs that pppd runs as a line is up or down: the candidate's scripts, by a shell that says what it does. pppd runs them
 * with an environment that lacks even a PATH, and Debian's own begin by setting it so.
 */
function scriptFiles(scripts: Candidate['lineScripts'] | null): string {
  return (['up', 'down'] as const)
    .map((kind) => {
      const program = programOf(`ip-${kind}`);
      const run = scripts ? `exec sh -x ${quote(scripts[kind])} "$@" >>"${folder}/ip-${kind}-$1.script" 2>&1` : '';
      const path = 'PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin\nexport PATH';
      // Another program takes its place at once: a line may come or go meanwhile.
      const made = `chmod +x ${program}.new\nmv ${program}.new ${program}`;
      return `${document(`cat >${program}.new`, `#!/bin/sh\n${path}\n${run}`)}\n${made}\n`;
    })
    .join('');
}

async function dial(sandbox: Sandbox, link: Line['link']): Promise<Line> {
  const [near] = link.ends;
  const concentrator = await startConcentrator(sandbox, link);
  const pppd = sandbox.launch(near.host, [
    ...['pppd', 'plugin', 'pppoe.so', `nic-${beneath(link, near).interface}`, 'ifname', near.interface],
    ...[...both, ...redial, 'noipdefault', ...defaultRoute[link.pppoe.defaultRoute]],
    ...['ip-up-script', programOf('ip-up'), 'ip-down-script', programOf('ip-down')],
  ]);
  await pppd.says(ended('ip-up', 1), patience);
  return { link, pppd, concentrator };
}

/** It takes one session, to which it gives the address that the topology has for the other end. */
async function startConcentrator(sandbox: Sandbox, link: Link): Promise<Job> {
  const [near, far] = link.ends;
  const options = `${folder}/${far.host}-${far.interface}.options`;
  const words = [...both, 'nodefaultroute', 'ifname', far.interface, 'logfile', logOf(far)].join(' ');
  await sandbox.run('preparing an access concentrator', null, ['sh', '-eu'], {
    input: document(`cat >${options}`, words),
  });
  const [own, peer] = [far, near].map(({ addresses: [address = ''] }) => addressOf(address));
  return sandbox.launch(far.host, [
    ...['pppoe-server', '-F', '-I', beneath(link, far).interface, '-O', options, '-N', '1'],
    ...['-L', own ?? '', '-R', peer ?? ''],
  ]);
}

/** The concentrator ends its session, as pppd does that is told to end, and itself. */
async function hangUp(sandbox: Sandbox, line: Line): Promise<void> {
  const { link, pppd, concentrator } = line;
  if (!concentrator) throw new Error(`${link.ends[0].interface} has vanished already`);
  const before = await countEnded(pppd, 'ip-down');
  await concentrator.stop();
  line.concentrator = null;
  await pppd.says(ended('ip-down', before + 1), patience);
  await Promise.all(link.ends.map((end) => gone(sandbox, end)));
}

async function letDial(sandbox: Sandbox, line: Line, link: Link): Promise<void> {
  const { pppd, concentrator } = line;
  if (concentrator) throw new Error(`${link.ends[0].interface} has not vanished`);
  const before = await countEnded(pppd, 'ip-up');
  line.concentrator = await startConcentrator(sandbox, link);
  await pppd.says(ended('ip-up', before + 1), patience);
}

/** Resolves when the interface isn't there any more. */
async function gone(sandbox: Sandbox, { host, interface: name }: End): Promise<void> {
  const deadline = performance.now() + patience * 1000;
  while ((await sandbox.attempt(host, ['ip', 'link', 'show', 'dev', name])).exitCode === 0) {
    if (performance.now() > deadline) {
      throw new LabError('lab-failed', `${name} of ${host} was still there ${patience} s after its session had ended`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

type Script = 'ip-up' | 'ip-down';
const word = (script: Script): string => `Script ${programOf(script)} finished \\(pid \\d+\\), status`;

/** Whether pppd has said so often that a script has ended. */
function ended(script: Script, times: number): RegExp {
  return new RegExp(`(?:${word(script)}[^]*){${times}}`);
}

async function countEnded(pppd: Job, script: Script): Promise<number> {
  return [...(await pppd.said()).matchAll(new RegExp(word(script), 'g'))].length;
}
