import { took, type Cursor } from '../cursor.ts';
import { refuse } from '../refusal.ts';
import { keywords } from '../keyword.ts';
import { wholeNumber } from '../number.ts';
import type { Word } from '../word.ts';

/*
 * A route's metrics, in the word's other sense: they bear on how large a packet is or how fast a connection goes, not on
 * where it goes. They are read as `ip` reads them, and left at that.
 */

const number = (limit: number) => (_route: unknown, words: Cursor, keyword: Word) => {
  took(words, 'lock');
  wholeNumber(words.take(keyword), `a number for ${keyword.text}`, 0, limit);
};

function time(_route: unknown, words: Cursor, keyword: Word): void {
  took(words, 'lock');
  const word = words.take(keyword);
  if (!/^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:s|secs?|ms|msecs?)?$/i.test(word.text)) {
    refuse(word.at, `expected a time such as 200ms for ${keyword.text}, got ${JSON.stringify(word.text)}`);
  }
}

/** In iproute2's order among themselves; none begins as a keyword of `ip route` that comes after them. */
export const routeMetrics = [
  ...keywords('mtu', number(0xffffffff)),
  ...keywords('hoplimit', number(255)),
  ...keywords('advmss reordering*', number(0xffffffff)),
  ...keywords('rtt rto_min', time),
  ...keywords('window* cwnd* initcwnd* initrwnd*', number(0xffffffff)),
  ...keywords('quickack*', number(1)),
  ...keywords('rttvar*', time),
  ...keywords('ssthresh*', number(0xffffffff)),
  ...keywords('fastopen_no_cookie*', number(1)),
];
