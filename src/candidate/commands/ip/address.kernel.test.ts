import { asRoot } from '../../../kernel/testing.ts';
import { compare, tried } from '../../../kernel/trying-ip.ts';
import type { Output } from '../ip.ts';
import { printAddresses, type AddressedLink, type AddressListing } from './print-address.ts';
import { address, damaged, sample } from './sample-lines.ts';

const output: Output = { json: true, pretty: false, oneline: true, brief: false, details: false, inet: true };

const link: Omit<AddressedLink, 'addresses'> = {
  ...{ index: 3, name: 'up0', peer: 'peer0', flags: [], mtu: 1500, queueing: 'noqueue', master: null, state: 'UP' },
  ...{ queueLength: 1000, type: 'ether', hardware: '02:00:00:00:00:01', broadcast: 'ff:ff:ff:ff:ff:ff' },
};

asRoot('an address that ip gives is the one that was read, and what ip refuses is refused', async (t) => {
  const shown = '-4 -o address show dev up0';
  const flat = ({ addr_info: rows }: Record<string, unknown>): readonly Record<string, unknown>[] => rows as [];
  const lines = sample(damaged(address), 400);
  const { at, each } = await tried(t, lines, shown);
  const rows = { at: at.flatMap(flat), each: each.map((one) => ({ ...one, shown: one.shown.flatMap(flat) })) };
  compare(t, rows, (command, added, _removed, line) => {
    if (command.object !== 'address' || !('address' in command)) return t.fail(line);
    const { label, metric } = command;
    const listing: AddressListing = {
      ...command.address,
      ...command,
      metric: metric ?? 0,
      label: label ?? 'up0',
      secondary: false,
    };
    const [printed] = JSON.parse(printAddresses([{ ...link, addresses: [listing] }], output)) as Record<
      string,
      unknown
    >[];
    const named = ({ index: _index, secondary: _secondary, ...rest }: Record<string, unknown>): unknown => rest;
    t.deepEqual(added.map(named), flat(printed!).map(named), line);
  });
});
