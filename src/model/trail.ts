import type { Location } from '../candidate/commands/location.ts';

/** Where on its way through a host a packet's fate was decided. */
export type Stage =
  | 'rule'
  | 'route'
  | 'nexthop'
  | 'source'
  | 'reverse-path'
  | 'netfilter'
  | 'conntrack'
  | 'nat'
  | 'socket'
  | 'neighbour'
  | 'forward'
  | 'input'
  | 'icmp'
  | 'drop';

/** Takes down a decision, with the command that made it so, if one did. Null where nobody asks: then nothing is put in words. */
export type Trail = ((stage: Stage, text: string, at?: Location) => void) | null;
