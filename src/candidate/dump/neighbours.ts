import { refuse } from '../commands/refusal.ts';
import type { Word } from '../commands/word.ts';
import { expected, itemsOf, membersOf, textOf, wordOf, type Json } from './json.ts';
import { command, type Command } from './step.ts';

const withoutBearing = new Set([
  'used',
  'probes',
  'refcnt',
  'extern_learn',
  'router',
  'offload',
  'managed',
  'protocol',
]);

/**
 * The neighbours of `ip -j neigh` that somebody has entered. All others are what the host has found out by itself.
 *
 * @param lines names of the interfaces whose other ends are the lab's
 * @throws LabError 'invalid' for an entry at an interface whose other end is the lab's: that has another hardware address
 */
export function readNeighbours(document: Json, lines: ReadonlySet<string>): readonly Command[] {
  return itemsOf(document, 'what ip -4 -j neigh prints').flatMap((item) => {
    const members = membersOf(item, 'a neighbour');
    const address = wordOf(members.need('dst'), 'an address');
    const device = wordOf(members.need('dev'), 'the name of an interface');
    const hardware = members.take('lladdr');
    const states = itemsOf(members.need('state'), "a neighbour's states").map((state) => textOf(state, 'a state'));
    const proxy = members.take('proxy');
    if (proxy) return expected(proxy, 'no proxy: that is not modelled');
    members.rest(withoutBearing);
    if (address.text.includes(':') || !states.some((state) => state === 'PERMANENT' || state === 'NOARP')) return [];
    // Multicast and broadcast, which need no asking.
    if (states.includes('NOARP') && lines.has(device.text)) return [];
    if (lines.has(device.text)) {
      const hint = 'leave it out of the dump';
      return refuse(
        item.at,
        `an entry for a neighbour at ${device.text}: in the lab it has another hardware address`,
        hint,
      );
    }
    const at = hardware ? [{ text: 'lladdr', at: hardware.at }, wordOf(hardware, 'a hardware address')] : [];
    const state: Word = { text: states.includes('PERMANENT') ? 'permanent' : 'noarp', at: item.at };
    return [command(item.at, 'neighbour replace', address, at, 'nud', state, 'dev', device)];
  });
}
