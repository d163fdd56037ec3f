import type { Hook } from '../../candidate/commands/netfilter.ts';
import type { Connection } from '../conntrack/connection.ts';
import { confirm, forgetConnection, track } from '../conntrack/conntrack.ts';
import type { Device } from '../device.ts';
import type { RouteError } from '../flow.ts';
import type { Host } from '../host.ts';
import { icmpTypes, protocols } from '../packet.ts';
import { describeSetUp, isDecided, isSetUp, isTranslated, setUpNat, translate, type Manipulation } from '../nat.ts';
import { routeAgain } from '../reroute.ts';
import { isReply, type SkBuff } from '../skbuff.ts';
import {
  tableKey,
  type BoundChain,
  type ChainState,
  type Evaluation,
  type HookEntry,
  type RuleOutcome,
} from './netfilter.ts';

/** What a hook makes of a packet: it goes on, or is dropped; whoever sent it then sees an error. */
export type HookVerdict = 'accept' | 'drop' | RouteError | 'EPERM';

/** Has a packet pass a hook. */
export function runHook(host: Host, hook: Hook, skb: SkBuff, input: Device | null, output: Device | null): HookVerdict {
  const entries = host.netfilter.hooks[hook];
  if (entries.length === 0) return 'accept';
  const evaluation: Evaluation = { host, skb, hook, input, output };
  for (const entry of entries) {
    const verdict = runEntry(entry, evaluation);
    if (verdict !== 'accept') return verdict;
  }
  return 'accept';
}

function runEntry(entry: HookEntry, evaluation: Evaluation): HookVerdict {
  const { host, skb } = evaluation;
  switch (entry.kind) {
    case 'conntrack':
      track(host, skb);
      return 'accept';
    case 'confirm':
      return confirm(host, skb) ? 'accept' : 'drop';
    case 'nat':
      return runNat(entry.chains, evaluation);
    case 'chain':
      return entry.reroutes ? runRouteChain(entry, evaluation) : runBaseChain(entry, evaluation);
  }
}

function runBaseChain({ table, chain }: BoundChain, evaluation: Evaluation): HookVerdict {
  const { skb } = evaluation;
  const outcome = runChain(table.chains, chain, evaluation, tableKey(table.name));
  const kind = outcome?.kind ?? chain.base?.policy ?? 'accept';
  if (kind === 'drop') {
    if (!outcome) skb.trail?.('drop', `policy of chain ${chain.name} of table ${table.name.name}`);
    return evaluation.hook === 'output' ? 'EPERM' : 'drop';
  }
  return 'accept';
}

/** A packet that such a chain has changed is routed again. */
function runRouteChain(bound: BoundChain, evaluation: Evaluation): HookVerdict {
  const { host, skb } = evaluation;
  const { mark } = skb;
  const { source, destination, tos } = skb.packet;
  const verdict = runBaseChain(bound, evaluation);
  if (verdict !== 'accept') return verdict;
  const { packet } = skb;
  if (packet.source === source && packet.destination === destination && skb.mark === mark && packet.tos === tos) {
    return 'accept';
  }
  return routeAgain(host, skb) ?? 'accept';
}

const deepestNesting = 16;

function runChain(
  chains: ReadonlyMap<string, ChainState>,
  chain: ChainState,
  evaluation: Evaluation,
  where: string,
  depth = 0,
): { readonly kind: 'accept' | 'drop' } | null {
  if (depth > deepestNesting) return { kind: 'drop' };
  for (const { rule, run } of chain.rules) {
    const outcome: RuleOutcome = run(evaluation);
    if (outcome === null) continue;
    evaluation.skb.trail?.('netfilter', `${where} ${chain.name}: ${rule.text}`, rule.at);
    switch (outcome.kind) {
      case 'continue':
        break;
      case 'accept':
      case 'drop':
        if (outcome.kind === 'drop') evaluation.skb.trail?.('drop', rule.text, rule.at);
        return { kind: outcome.kind };
      case 'return':
        return null;
      case 'jump':
      case 'goto': {
        const target = chains.get(outcome.chain);
        const found = target ? runChain(chains, target, evaluation, where, depth + 1) : null;
        if (found || outcome.kind === 'goto') return found;
        break;
      }
    }
  }
  return null;
}

const manipulations: Readonly<Record<Hook, Manipulation>> = {
  prerouting: 'destination',
  output: 'destination',
  input: 'source',
  postrouting: 'source',
  forward: 'source',
};

/** Address translation (net/netfilter/nf_nat_proto.c, nf_nat_ipv4_fn and nf_nat_ipv4_local_fn). */
function runNat(chains: readonly BoundChain[], evaluation: Evaluation): HookVerdict {
  const { host, skb, hook } = evaluation;
  const { connection, packet } = skb;
  if (!connection) return 'accept';
  const isAbout = skb.tracking === 'related' || skb.tracking === 'related-reply';
  const verdict =
    isAbout && packet.protocol === protocols.icmp
      ? passRelated(connection, skb)
      : decideNat(chains, evaluation, connection);
  if (verdict !== 'accept') return verdict;
  translate(skb, manipulations[hook]);
  return hook === 'output' && isSentElsewhere(connection, skb) ? (routeAgain(host, skb) ?? 'accept') : 'accept';
}

/** An ICMP error decides nothing; but nobody is to be redirected by what he wouldn't recognize (nf_nat_icmp_reply_translation). */
function passRelated(connection: Connection, skb: SkBuff): HookVerdict {
  if (skb.packet.icmp?.type !== icmpTypes.redirect || (isDecided(connection) && !isTranslated(connection)))
    return 'accept';
  skb.trail?.('drop', 'a redirect about a translated connection, or one that may yet be, goes to nobody');
  return 'drop';
}

/** The rules see a connection's first packet only (nf_nat_inet_fn), or what is sent because of it. */
function decideNat(chains: readonly BoundChain[], evaluation: Evaluation, connection: Connection): HookVerdict {
  const { host, skb, hook, output } = evaluation;
  const manipulation = manipulations[hook];
  const isEstablished = skb.tracking === 'established' || skb.tracking === 'established-reply';
  if (!isEstablished && !isSetUp(connection, manipulation)) {
    const { reply } = connection;
    for (const bound of chains) {
      const verdict = runBaseChain(bound, evaluation);
      if (verdict !== 'accept') return verdict;
      if (isSetUp(connection, manipulation)) break;
    }
    setUpNat(host, skb, manipulation, null);
    if (connection.reply !== reply) describeSetUp(skb, connection, manipulation);
  } else if (hook === 'postrouting' && hasMoved(host, skb, output)) {
    forgetConnection(host, connection);
    skb.trail?.(
      'drop',
      'a masqueraded connection leaves by another device than before: it is forgotten, and this packet lost',
    );
    return 'EPERM';
  }
  return 'accept';
}

/** Whether what goes in the packet's direction has another destination than its sender names: then it is routed again, each time. */
function isSentElsewhere({ original, reply }: Connection, skb: SkBuff): boolean {
  return isReply(skb) ? reply.destination !== original.source : original.destination !== reply.source;
}

function hasMoved(host: Host, skb: SkBuff, output: Device | null): boolean {
  const { connection } = skb;
  return (
    host.era.masqueradeFollowsRoute &&
    connection !== null &&
    connection.masqueradedBy !== 0 &&
    connection.masqueradedBy !== output?.index &&
    !isReply(skb)
  );
}
