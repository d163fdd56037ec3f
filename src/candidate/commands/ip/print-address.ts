import { formatIPv4 } from '../../../net/address.ts';
import type { InterfaceAddress, Output } from '../ip.ts';
import { nameOf, scopes } from './names.ts';
import { briefLink, linkFields, type LinkListing } from './print-link.ts';
import { field, objectOf, printed, textOf, when, type Field } from './print.ts';

/** An address as a link has it. */
export interface AddressListing extends InterfaceAddress {
  /** There was one of the same network before it. */
  readonly secondary: boolean;
  readonly prefixRoute: boolean;
  readonly label: string;
  readonly metric: number;
}

export interface AddressedLink extends LinkListing {
  readonly addresses: readonly AddressListing[];
}

const forever = 0xffffffff;

/** What `ip address show` prints of these links and addresses. With `-4`, links without an address are left out. */
export function printAddresses(links: readonly AddressedLink[], output: Output): string {
  const shown = links.filter(({ addresses }) => !output.inet || addresses.length > 0);
  if (output.oneline && !output.brief && !output.json) {
    return shown
      .flatMap((link) => link.addresses.map((each) => `${textOf(addressFields(link, each, output))}\n`))
      .join('');
  }
  return printed(
    shown.map((link) => fieldsOf(link, output)),
    output,
  );
}

function fieldsOf(link: AddressedLink, output: Output): readonly Field[] {
  const addresses = link.addresses.map((each) => {
    return output.brief ? localFields(each) : addressFields(link, each, output);
  });
  const begin = output.brief ? '' : '\n';
  const information: Field = {
    key: 'addr_info',
    value: addresses.map(objectOf),
    text: addresses.map((fields) => `${begin}${textOf(fields)}`).join(''),
  };
  if (output.brief) return [...briefLink(link), information];
  return [...(output.oneline ? [] : linkFields(link, output, false)), information];
}

function addressFields(link: AddressedLink, address: AddressListing, output: Output): readonly Field[] {
  const { broadcast, scope, secondary, prefixRoute, label } = address;
  return [
    ...(output.oneline ? [field('index', '%: ', link.index), field('dev', '%', link.name)] : []),
    field('family', '    % ', 'inet'),
    ...localFields(address),
    ...when(broadcast !== null, () => field('broadcast', 'brd % ', formatIPv4(broadcast ?? 0))),
    field('scope', 'scope % ', nameOf(scope, scopes) ?? String(scope)),
    ...when(secondary, () => ({ key: 'secondary', value: true, text: 'secondary ' })),
    ...when(!prefixRoute, () => ({ key: 'noprefixroute', value: true, text: 'noprefixroute ' })),
    field('label', '%', label),
    { key: 'valid_life_time', value: forever, text: `${output.oneline ? '\\' : '\n'}       valid_lft forever` },
    { key: 'preferred_life_time', value: forever, text: ' preferred_lft forever' },
  ];
}

/** What a brief line, too, says of an address. */
function localFields({ local, peer, metric }: AddressListing): readonly Field[] {
  return [
    field('local', '%', formatIPv4(local.address)),
    ...when(peer !== null, () => field('address', ' peer %', formatIPv4(peer ?? 0))),
    field('prefixlen', '/% ', local.length),
    ...when(metric !== 0, () => field('metric', 'metric % ', metric)),
  ];
}
