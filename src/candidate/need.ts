/** What a candidate's scripts ask of a kernel, and the first release that has it. */
export const needs = {
  accept_local: { what: 'net.ipv4.conf.*.accept_local', since: '2.6.33' },
  src_valid_mark: { what: 'net.ipv4.conf.*.src_valid_mark', since: '2.6.33' },
  /** nftables itself came with 3.13 (96518518cc41), its masquerade with 9ba1f726bec0. */
  'nft masquerade': { what: "nftables' masquerade", since: '3.18' },
  ignore_routes_with_linkdown: { what: 'net.ipv4.conf.*.ignore_routes_with_linkdown', since: '4.2' },
  fib_multipath_hash_policy: { what: 'net.ipv4.fib_multipath_hash_policy', since: '4.12' },
} as const satisfies Readonly<Record<string, { readonly what: string; readonly since: string }>>;

export type Need = keyof typeof needs;
