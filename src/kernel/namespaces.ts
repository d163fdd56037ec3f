import type { Topology } from '../topology/topology.ts';
import type { Sandbox } from './sandbox.ts';

/** The hosts of a lab by the inodes of their network namespaces. */
export async function hostsByNamespace(sandbox: Sandbox, { hosts }: Topology): Promise<ReadonlyMap<number, string>> {
  const files = hosts.map(({ name }) => `/run/netns/${name}`);
  const inodes = await sandbox.run('asking for namespaces', null, ['stat', '-L', '-c', '%i', ...files]);
  return new Map(
    inodes.split('\n').flatMap((inode, index) => (inode ? [[Number(inode), hosts[index]?.name ?? '']] : [])),
  );
}
