import type { Location } from './location.ts';

/*
 * What netfilter is told, by iptables or by nft, in one form. iptables' tables are tables of family `ip` with base chains
 * of their own; its matches and targets are spelt out in nft's terms (`-m mark --mark 1/1` is `meta mark & 1 == 1`).
 */

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** Who keeps a table: tables of the same name don't meet. */
export interface TableName {
  readonly owner: 'iptables' | 'nft';
  readonly family: 'ip' | 'inet';
  readonly name: string;
}

/** Where the kernel calls a chain. `route` chains, and iptables' mangle OUTPUT, have changed packets routed again. */
export interface BaseChain {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: Hook;
  /** As in linux/netfilter_ipv4.h: mangle -150, dstnat -100, filter 0, srcnat 100. */
  readonly priority: number;
  /** Null: as it is, and accept for a chain that is new. */
  readonly policy: 'accept' | 'drop' | null;
}

/** What a command of iptables or nft comes to. */
export type NetfilterCommand = NetfilterChange | NetfilterQuery;

/**
 * A change of the ruleset. They take effect together or not at all, where the tool says so (`nft -f`, iptables-restore).
 *
 * `mustBeNew`: there may be none of that name yet (nft's `create`). `mustExist`: there must be one (all but `destroy`).
 */
export type NetfilterChange =
  | { readonly kind: 'add-table'; readonly table: TableName; readonly mustBeNew: boolean }
  | { readonly kind: 'delete-table'; readonly table: TableName; readonly mustExist: boolean }
  /** Its rules go; chains and sets stay. */
  | { readonly kind: 'flush-table'; readonly table: TableName }
  | { readonly kind: 'flush-ruleset'; readonly family: 'ip' | 'inet' | null }
  | {
      readonly kind: 'add-chain';
      readonly table: TableName;
      readonly chain: string;
      /** Null: called by jumps only, or a base chain that is there already. */
      readonly base: BaseChain | null;
      readonly mustBeNew: boolean;
    }
  | { readonly kind: 'delete-chain'; readonly table: TableName; readonly chain: string; readonly mustExist: boolean }
  /** Every chain but base chains: `iptables -X`, which fails where one holds rules or is jumped to. */
  | { readonly kind: 'delete-user-chains'; readonly table: TableName }
  | { readonly kind: 'rename-chain'; readonly table: TableName; readonly chain: string; readonly to: string }
  | { readonly kind: 'flush-chain'; readonly table: TableName; readonly chain: string }
  | {
      readonly kind: 'set-policy';
      readonly table: TableName;
      readonly chain: string;
      readonly policy: 'accept' | 'drop';
    }
  /** `iptables -Z`; null: of every chain. */
  | { readonly kind: 'zero-counters'; readonly table: TableName; readonly chain: string | null }
  | {
      readonly kind: 'add-rule';
      readonly table: TableName;
      readonly chain: string;
      readonly rule: Rule;
      readonly place: RulePlace;
    }
  | {
      readonly kind: 'replace-rule';
      readonly table: TableName;
      readonly chain: string;
      readonly replaced: RuleReference;
      readonly rule: Rule;
    }
  | {
      readonly kind: 'delete-rule';
      readonly table: TableName;
      readonly chain: string;
      readonly rule: RuleReference;
      readonly mustExist: boolean;
    }
  | { readonly kind: 'add-set'; readonly table: TableName; readonly set: NamedSet; readonly mustBeNew: boolean }
  | { readonly kind: 'delete-set'; readonly table: TableName; readonly set: string; readonly mustExist: boolean }
  | { readonly kind: 'flush-set'; readonly table: TableName; readonly set: string }
  | {
      readonly kind: 'add-elements';
      readonly table: TableName;
      readonly set: string;
      readonly elements: readonly Element[];
      readonly mustBeNew: boolean;
    }
  | {
      readonly kind: 'delete-elements';
      readonly table: TableName;
      readonly set: string;
      readonly elements: readonly Element[];
      readonly mustExist: boolean;
    };

/** What is asked of the ruleset without changing it. Null: all of them. */
export type NetfilterQuery =
  /** `iptables -C`: fails where there is no such rule. */
  | { readonly kind: 'check-rule'; readonly table: TableName; readonly chain: string; readonly rule: Rule }
  /** `iptables -L` (`table`) and `-S` (`commands`). */
  | {
      readonly kind: 'list-rules';
      readonly table: TableName;
      readonly chain: string | null;
      /** Index, from 0. */
      readonly rule: number | null;
      readonly as: 'table' | 'commands';
      readonly lineNumbers: boolean;
    }
  /** `nft list …`. */
  | {
      readonly kind: 'list-ruleset';
      readonly family: 'ip' | 'inet' | null;
      readonly table: TableName | null;
      readonly chain: string | null;
      readonly set: string | null;
    };

/** Where a new rule goes: to an end of its chain, or next to a rule that must be there. */
export type RulePlace = 'start' | 'end' | { readonly side: 'before' | 'after'; readonly rule: NumberedRule };

/** A rule by its place among the chain's (from 0), or by nft's handle. */
export type NumberedRule =
  { readonly kind: 'index'; readonly index: number } | { readonly kind: 'handle'; readonly handle: number };

/** A rule by number, or by being the same: its statements equal, whatever the text (`iptables -D`). */
export type RuleReference = NumberedRule | { readonly kind: 'same'; readonly rule: Rule };

export interface Rule {
  readonly statements: readonly Statement[];
  /** As written, without table and chain, for explanations and listings. */
  readonly text: string;
  readonly at: Location;
}

/** Statements are carried out in turn until one doesn't match or gives a verdict. */
export type Statement =
  | { readonly kind: 'match'; readonly left: Expression; readonly operator: Comparison; readonly right: Operand }
  /** xt_statistic, mode nth: of every `every` packets, that one; counted per rule, from 0. */
  | { readonly kind: 'nth'; readonly every: number; readonly packet: number; readonly invert: boolean }
  /** xt_statistic, mode random; a chance of 0 to 1. */
  | { readonly kind: 'chance'; readonly probability: number; readonly invert: boolean }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'verdict-map'; readonly key: Expression; readonly map: SetOperand }
  | { readonly kind: 'reject'; readonly reason: RejectReason }
  | { readonly kind: 'notrack' }
  | { readonly kind: 'nat'; readonly nat: NatStatement }
  | { readonly kind: 'counter' }
  | { readonly kind: 'log'; readonly prefix: string }
  /** A token bucket: `burst` packets at once, then `rate` in `per` seconds. Matches while within it, or, with `over`, beyond it. */
  | {
      readonly kind: 'limit';
      readonly rate: number;
      readonly per: number;
      readonly burst: number;
      readonly over: boolean;
    }
  /** `ct count`: how many connections have come this way. */
  | { readonly kind: 'connection-count'; readonly count: number; readonly over: boolean }
  /**
   * xt_recent: a list of addresses, by name, with when each was seen. `set` notes an address; `rcheck` and `update` match one that
   * was seen `hits` times at least, within the last `seconds` if that isn't null, and `update` then notes it; `remove` has it
   * forgotten. What `invert` turns round is whether the rule goes on, not what is noted.
   */
  | {
      readonly kind: 'recent';
      readonly list: string;
      readonly operation: RecentOperation;
      readonly invert: boolean;
      readonly side: 'ip saddr' | 'ip daddr';
      readonly mask: number;
      readonly seconds: number | null;
      /** Up to 65535; 0 is as good as 1. */
      readonly hits: number;
      /** Whether the address that was seen longest ago is forgotten if that was before those seconds. */
      readonly reaps: boolean;
    }
  | {
      readonly kind: 'update-set';
      readonly operation: 'add' | 'update' | 'delete';
      readonly set: string;
      readonly key: Expression;
      /** Seconds; null: the set's own. */
      readonly timeout: number | null;
    }
  /** Has no bearing on where a packet goes (TCPMSS, a comment, NFLOG): kept for its text. */
  | { readonly kind: 'no-bearing'; readonly what: string };

export type RecentOperation = 'set' | 'rcheck' | 'update' | 'remove';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string };

export type RejectReason =
  | { readonly kind: 'tcp-reset' }
  /** An ICMP destination unreachable with this code: 3 is port unreachable. */
  | { readonly kind: 'icmp'; readonly code: number };

/**
 * A value of a packet or of its circumstances. Numbers are unsigned; addresses are 32-bit numbers, interface names are text.
 * One that isn't there (the ports of a fragment, the mark of a packet that isn't tracked) ends the rule without a match;
 * `ct state` is always there.
 */
export type Expression =
  | { readonly kind: 'constant'; readonly value: number | string }
  | { readonly kind: 'payload'; readonly field: PayloadField }
  | { readonly kind: 'meta'; readonly key: MetaKey }
  | { readonly kind: 'ct'; readonly key: CtKey }
  /** A route look-up. `type` is a route type's name, `exists` 1 or 0; `oif` is an interface's name, or 0 where there is no route. */
  | { readonly kind: 'fib'; readonly keys: readonly FibKey[]; readonly result: 'oif' | 'oifname' | 'type' | 'exists' }
  | { readonly kind: 'socket'; readonly key: 'mark' | 'transparent' | 'wildcard' }
  | { readonly kind: 'numgen'; readonly mode: 'inc' | 'random'; readonly modulus: number; readonly offset: number }
  | {
      readonly kind: 'jhash';
      readonly of: Expression;
      readonly modulus: number;
      readonly seed: number | null;
      readonly offset: number;
    }
  | {
      readonly kind: 'binary';
      readonly operator: '&' | '|' | '^' | '<<' | '>>';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'concatenation'; readonly parts: readonly Expression[] }
  /** Looks `key` up in a map. */
  | { readonly kind: 'map'; readonly key: Expression; readonly map: SetOperand };

export type PayloadField =
  | 'ip saddr'
  | 'ip daddr'
  | 'ip protocol'
  | 'ip dscp'
  | 'ip tos'
  | 'ip ttl'
  | 'ip length'
  | 'ip id'
  | 'ip frag-off'
  | 'th sport'
  | 'th dport'
  | 'tcp flags'
  | 'icmp type'
  | 'icmp code'
  | 'icmp id';

/**
 * `iif` and `oif` are compared with a name, or with an index where one was given. `nfproto` is 2 for IPv4, `protocol` 0x0800;
 * `pkttype` 0 is for this host, 1 broadcast, 2 multicast, 3 for another.
 */
export type MetaKey =
  | 'mark'
  | 'iif'
  | 'oif'
  | 'iifname'
  | 'oifname'
  | 'l4proto'
  | 'nfproto'
  | 'protocol'
  | 'length'
  | 'pkttype'
  | 'skuid'
  | 'skgid';

/** `state` and `status` are bits: see `ctStateBits`, `ctStatusBits`. Directions are 0 original, 1 reply. */
export type CtKey =
  | 'mark'
  | 'state'
  | 'status'
  | 'direction'
  | 'original saddr'
  | 'original daddr'
  | 'original proto-src'
  | 'original proto-dst'
  | 'reply saddr'
  | 'reply daddr'
  | 'reply proto-src'
  | 'reply proto-dst'
  | 'l4proto'
  | 'zone';

export type FibKey = 'saddr' | 'daddr' | 'mark' | 'iif' | 'oif';

/** What a `set` statement may change. */
export type Target =
  | { readonly kind: 'payload'; readonly field: PayloadField }
  | { readonly kind: 'meta'; readonly key: 'mark' | 'nftrace' | 'priority' }
  | { readonly kind: 'ct'; readonly key: 'mark' };

/** As nft has them: `ct state new` is `ct state & 8 != 0`. */
export const ctStateBits = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const;
export const ctStatusBits = {
  expected: 1,
  'seen-reply': 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
} as const;

/** What a match compares with. */
export type Operand = ElementKey | SetOperand;

export type SetOperand =
  | { readonly kind: 'set'; readonly elements: readonly Element[] }
  | { readonly kind: 'named-set'; readonly name: string };

/** One value, a range of them (prefixes too), an interface name with a wildcard, or several side by side. */
export type ElementKey =
  | { readonly kind: 'value'; readonly value: number | string }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  /** Names that begin so: `eth*` of nft, `eth+` of iptables. */
  | { readonly kind: 'name-prefix'; readonly prefix: string }
  | { readonly kind: 'concatenation'; readonly parts: readonly ElementKey[] };

export interface Element {
  readonly key: ElementKey | { readonly kind: 'default' };
  /** What a map gives for it. */
  readonly value?: Verdict | ElementKey;
  /** Seconds. */
  readonly timeout?: number;
}

export interface NamedSet {
  readonly name: string;
  /** nft's names of the key's types, e.g. `ipv4_addr`, `inet_service`. */
  readonly key: readonly string[];
  /** Null for a set; for a map the types of what it gives, or `verdict`. */
  readonly value: readonly string[] | null;
  readonly interval: boolean;
  readonly dynamic: boolean;
  /** Seconds until an element dies, unless it has its own; null: never. */
  readonly timeout: number | null;
  /** Elements that it has room for; null: no bound. */
  readonly size: number | null;
  readonly elements: readonly Element[];
}

export type NatStatement =
  | {
      readonly kind: 'snat' | 'dnat';
      /**
       * A range of addresses; null: the address stays (ports only). Both ends are the same expression where it isn't constant.
       * With no `port`, a map may give an address and a port side by side.
       */
      readonly address: { readonly from: Expression; readonly to: Expression } | null;
      readonly port: { readonly from: Expression; readonly to: Expression } | null;
      readonly flags: readonly NatFlag[];
    }
  /** `masquerade`: snat to the address of the interface it leaves by. `redirect`: dnat to that which it came in by. */
  | {
      readonly kind: 'masquerade' | 'redirect';
      readonly port: { readonly from: Expression; readonly to: Expression } | null;
      readonly flags: readonly NatFlag[];
    };

export type NatFlag = 'random' | 'fully-random' | 'persistent';
