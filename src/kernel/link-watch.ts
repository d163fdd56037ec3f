import { LabError } from '../net/error.ts';
import { beneath, type Topology } from '../topology/topology.ts';
import type { Sandbox } from './sandbox.ts';

/** Seconds; the kernel looks after its links once a second at least (net/core/link_watch.c). */
const patience = 10;

interface Seen {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly operstate: string;
}

/**
 * Resolves when the kernel has noticed of every link whether it has a carrier. It takes its time, up to a second, and routes go
 * by what it has noticed.
 *
 * @throws LabError `lab-failed` if it takes far longer
 */
export async function linksNoticed(sandbox: Sandbox, topology: Topology): Promise<void> {
  const hosts = topology.hosts.map(({ name }) => name);
  const script = hosts.map((host) => `ip -n ${host} -j link show`).join('\n');
  const deadline = performance.now() + patience * 1000;
  for (;;) {
    const said = await sandbox.run('looking at the links', null, ['sh', '-eu'], { input: script });
    const lists = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as readonly Seen[]);
    const find = (host: string, name: string): Seen | undefined =>
      lists[hosts.indexOf(host)]?.find(({ ifname }) => ifname === name);
    const late = topology.links.filter((link) => {
      const seen = link.ends.map((end) => find(end.host, beneath(link, end).interface));
      const isUp = (each: Seen | undefined): boolean => each?.flags.includes('UP') ?? false;
      return seen.some((each) => isUp(each) && (each?.operstate === 'UP') !== seen.every(isUp));
    });
    if (late.length === 0) return;
    if (performance.now() > deadline) {
      throw new LabError('lab-failed', `the kernel didn't notice within ${patience} s what became of a link`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
