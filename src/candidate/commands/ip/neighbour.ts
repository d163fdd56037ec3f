import { took, type Cursor } from '../cursor.ts';
import { refuse } from '../refusal.ts';
import type { NeighbourCommand, NeighbourState, Output } from '../ip.ts';
import { keywordFor, meant, namesOf, readWords, takes, unknown, unmodelled } from '../keyword.ts';
import type { Word } from '../word.ts';
import { addressIn } from './address-text.ts';
import { hardwareIn } from './link.ts';
import { protocolIn } from './names.ts';

interface Draft {
  address?: number;
  device?: string;
  hardware: string | null;
  state: NeighbourState;
}

const states: readonly { readonly name: NeighbourState; readonly short: boolean }[] = [
  { name: 'permanent', short: true },
  { name: 'reachable', short: true },
  { name: 'noarp', short: false },
  { name: 'none', short: false },
  { name: 'stale', short: false },
  { name: 'incomplete', short: false },
  { name: 'delay', short: false },
  { name: 'probe', short: false },
  { name: 'failed', short: true },
];

// In iproute2's order (ip/ipneigh.c).
const among = [
  ...takes<Draft>('lladdr*', (neighbour, word) => {
    if (neighbour.hardware !== null)
      refuse(word.at, `the neighbour has a hardware address already, before ${word.text}`);
    neighbour.hardware = hardwareIn(word);
  }),
  ...takes<Draft>('nud', (neighbour, word) => {
    neighbour.state = keywordFor(word, states)?.name ?? unknown(word, 'a state of a neighbour', namesOf(states));
  }),
  ...unmodelled('proxy* router use managed extern_learn*'),
  ...takes<Draft>('dev', (neighbour, word) => (neighbour.device = word.text)),
  ...takes<Draft>('protocol*', (_neighbour, word) => protocolIn(word)),
];

/**
 * `ip neigh add`, `replace`, `change` and `delete`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readNeighbourChange(
  action: 'add' | 'replace' | 'change' | 'delete',
  words: Cursor,
  verb: Word,
): NeighbourCommand {
  const draft: Draft = { hardware: null, state: 'permanent' };
  readWords(words, draft, among, (neighbour, left, word) => {
    took(left, 'to');
    const to = left.take(word);
    if (neighbour.address !== undefined) {
      const hint = meant(to, namesOf(among));
      refuse(to.at, `expected something that a neighbour has, got ${JSON.stringify(to.text)}`, hint);
    }
    neighbour.address = addressIn(to);
  });
  const { address, device, hardware, state } = draft;
  if (address === undefined || device === undefined) {
    return refuse(verb.at, `ip neigh ${action} needs an address and a device: ADDRESS dev NAME`);
  }
  const common = { object: 'neighbour', address, device } as const;
  return action === 'delete' ? { ...common, action } : { ...common, action, hardware, state };
}

interface SelectorDraft {
  device: string | null;
}

const selecting = [
  ...takes<SelectorDraft>('dev', (neighbours, word) => {
    if (neighbours.device !== null) refuse(word.at, `a device is named already, before ${word.text}`);
    neighbours.device = word.text;
  }),
  ...unmodelled('master vrf nomaster unused nud proxy protocol* to'),
];

/**
 * `ip neigh show` and `flush`, once these are taken.
 *
 * @throws LabError 'invalid'
 */
export function readNeighbourSelector(
  action: 'show' | 'flush',
  words: Cursor,
  verb: Word,
  output: Output,
): NeighbourCommand {
  if (action === 'flush' && !words.next()) {
    refuse(verb.at, 'ip neigh flush needs to be told which', 'for example: ip neigh flush dev eth0');
  }
  const draft: SelectorDraft = { device: null };
  readWords(words, draft, selecting, (_neighbours, _left, word) => {
    unknown(word, 'a choice of neighbours that is modelled', ['dev']);
  });
  return { object: 'neighbour', action, device: draft.device, output };
}
