import { LabError } from '../net/error.ts';
import type { Sandbox } from './sandbox.ts';

/** A network device of a host's, as the kernel lists it. */
export interface Device {
  /** Never given to another while the host lives, even when this one is gone. */
  readonly index: number;
  readonly name: string;
  /** Set up, and its other end, too. */
  readonly carries: boolean;
}

/** Lists the devices of hosts. */
export async function listDevices(
  sandbox: Sandbox,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, readonly Device[]>> {
  const script = hosts.map((host) => `echo '${host}'\nnsenter --net=/run/netns/${host} ip -o link show`);
  const listed = await sandbox.run('listing devices', null, ['sh', '-eu'], { input: `${script.join('\n')}\n` });
  const devices = new Map<string, Device[]>();
  let own: Device[] = [];
  for (const line of listed.split('\n').filter(Boolean)) {
    if (!line.includes(' ')) devices.set(line, (own = []));
    else own.push(readDevice(line));
  }
  return devices;
}

/** `2: ppp0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 …` */
function readDevice(line: string): Device {
  const [, index, name, flags] = /^(\d+): ([^:@]+)(?:@[^:]*)?: <([^>]*)>/.exec(line) ?? [];
  if (index === undefined || name === undefined || flags === undefined) {
    throw new LabError('lab-failed', `'ip link' listed what cannot be read as a device: ${line}`);
  }
  const set = flags.split(',');
  return { index: Number(index), name, carries: set.includes('UP') && set.includes('LOWER_UP') };
}
