import type { Evidence } from '../../backend/crossing.ts';
import type { TableLookUp } from '../../backend/look-up.ts';
import { LabError } from '../../net/error.ts';
import type { Topology } from '../../topology/topology.ts';
import { listDevices } from '../devices.ts';
import type { Sandbox } from '../sandbox.ts';
import { watchLookUps, type SeenLookUp } from './look-ups.ts';

/** The recording of what a lab's server looks up. */
export interface LookUpRecording {
  /** What it has looked up so far, for IP packets and for processes; not what a timer did, which is known by nothing. */
  evidence(): Promise<Pick<Evidence, 'lookUps' | 'lookUpsMissed'>>;
  readonly release: () => Promise<void>;
}

/** Resolves when every look-up of the server's is recorded; `lookUps` is null where the kernel doesn't let us watch. */
export async function recordLookUps(sandbox: Sandbox, topology: Topology): Promise<LookUpRecording> {
  const { host } = topology.server;
  const watch = await watchLookUps(sandbox, topology);
  if (!watch) return { evidence: () => Promise.resolve({ lookUps: null }), release: () => Promise.resolve() };
  return {
    release: watch.release,
    evidence: async () => {
      const devices = (await listDevices(sandbox, [host])).get(host) ?? [];
      const nameOf = (index: number): string => devices.find((device) => device.index === index)?.name ?? String(index);
      const { passings, lookUps, keptBack } = await watch.seen();
      const questions = new Set(passings.filter(({ packet }) => packet?.protocol === 'arp').map(arrivalAs));
      const own = lookUps.filter(
        (each) =>
          hostOf(each) === host &&
          each.iif !== typeOfAddress &&
          !questions.has(arrivalAs({ ...each, time: each.arrival })),
      );
      return { lookUps: own.map((each) => named(each, nameOf)), ...(keptBack > 0 && { lookUpsMissed: keptBack }) };
    },
  };
}

/** Of a look-up that a packet's arrival brought about, the host that it came to; otherwise that of the process. */
const hostOf = ({ receiver, caller, arrival }: SeenLookUp): string | null => (arrival > 0n ? receiver : caller);

/** By what an arrival is known. */
const arrivalAs = ({ cpu, time }: { readonly cpu: number; readonly time: bigint }): string => `${cpu} ${time}`;

/** What has no input is a question of what kind an address is, in one table: no packet goes by it (inet_addr_type). */
const typeOfAddress = 0;

/** As asm-generic/errno.h numbers them. */
const errors = new Map<number, TableLookUp['error']>([
  [0, 0],
  [-11, 'EAGAIN'],
  [-13, 'EACCES'],
  [-22, 'EINVAL'],
  [-113, 'EHOSTUNREACH'],
]);

function named(seen: SeenLookUp, nameOf: (index: number) => string): TableLookUp {
  const { cpu, arrival, caller, table, iif, oif, tos, scope, mark, device, gateway } = seen;
  const { source, sourcePort, destination, destinationPort, protocol } = seen;
  const error = errors.get(seen.error);
  if (error === undefined) throw new LabError('lab-failed', `a look-up ended with the unknown error ${seen.error}`);
  return {
    ...{
      thread: `${cpu} ${arrival} ${caller ?? ''}`,
      table,
      source,
      destination,
      protocol,
      sourcePort,
      destinationPort,
    },
    ...{ input: nameOf(iif), output: oif === 0 ? null : nameOf(oif), tos, scope, mark, error },
    device: device === '-' ? null : device,
    gateway: gateway === '0.0.0.0' ? null : gateway,
  };
}
