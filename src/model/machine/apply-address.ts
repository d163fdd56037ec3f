import type { AddressCommand, AddressSelector } from '../../candidate/commands/ip.ts';
import { printAddresses } from '../../candidate/commands/ip/print-address.ts';
import { contains } from '../../net/address.ts';
import { addAddress, changeMetric, removeAddress } from '../addresses.ts';
import type { AssignedAddress, Device } from '../device.ts';
import { deviceNamed, type Host } from '../host.ts';
import { listingOf } from './apply-link.ts';
import { done, failed, noDevice, printed, type Outcome } from './outcome.ts';

/** `ip address`. */
export function applyAddress(host: Host, command: AddressCommand): Outcome {
  switch (command.action) {
    case 'add':
    case 'replace':
    case 'change': {
      const device = deviceNamed(host, command.device);
      if (!device) return noDevice(command.device);
      const { local, peer, broadcast, scope } = command.address;
      const refused = addAddress(host, device, {
        local: local.address,
        peer: peer ?? local.address,
        length: local.length,
        broadcast,
        scope,
        prefixRoute: command.prefixRoute,
        label: command.label,
        metric: command.metric ?? 0,
      });
      if (refused === 'EEXIST' && command.action !== 'add') {
        changeMetric(host, device, local.address, local.length, command.metric ?? 0);
        return done;
      }
      if (refused === null) return done;
      return failed(`RTNETLINK answers: ${refused === 'EEXIST' ? 'File exists' : 'Invalid argument'}`);
    }
    case 'delete': {
      const device = deviceNamed(host, command.device);
      if (!device) return noDevice(command.device);
      const refused = removeAddress(host, device, command.local, command.length);
      return refused ? failed('RTNETLINK answers: Cannot assign requested address') : done;
    }
    case 'flush':
      for (const { device, address } of select(host, command.selector)) {
        removeAddress(host, device, address.local, address.length);
      }
      return done;
    case 'show': {
      const selected = select(host, command.selector);
      const devices = [...host.devices.values()].filter(
        ({ name, up }) =>
          (command.selector.device === null || name === command.selector.device) && (up || !command.selector.up),
      );
      const { device } = command.selector;
      if (device !== null && devices.length === 0) return failed(`Device "${device}" does not exist.`, 1);
      const listed = devices.map((each) => ({
        ...listingOf(each),
        addresses: selected
          .filter(({ device: owner }) => owner === each)
          .map(({ address: { local, peer, length, broadcast, scope, secondary, prefixRoute, label, metric } }) => ({
            local: { address: local, length },
            peer: peer === local ? null : peer,
            broadcast,
            scope,
            secondary,
            prefixRoute,
            label: label ?? each.name,
            metric,
          })),
      }));
      return printed(printAddresses(listed, command.output));
    }
  }
}

function select(
  host: Host,
  { device: name, within, scope, secondary, up }: AddressSelector,
): readonly { readonly device: Device; readonly address: AssignedAddress }[] {
  return [...host.devices.values()]
    .filter((device) => (name === null || device.name === name) && (device.up || !up))
    .flatMap((device) => device.addresses.map((address) => ({ device, address })))
    .filter(
      ({ address }) =>
        (!within || contains(within, address.local)) &&
        (scope === null || address.scope === scope) &&
        (secondary === null || address.secondary === secondary),
    );
}
