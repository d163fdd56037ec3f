/**
 * Run inside a host: sets the seed of the kernel's multipath hash anew every half millisecond, so that one flow's
 * packets are spread as Linux 3.6 to 4.3 spread them. Arguments: the seeds, in turn.
 */
import { openSync, writeSync } from 'node:fs';

const seeds = process.argv.slice(2);
const file = openSync('/proc/sys/net/ipv4/fib_multipath_hash_seed', 'w');
const pause = new Int32Array(new SharedArrayBuffer(4));
for (let turn = 0; ; turn++) {
  writeSync(file, `${seeds[turn % seeds.length] ?? ''}\n`, 0);
  if (turn === seeds.length) process.stdout.write('reseeding\n');
  Atomics.wait(pause, 0, 0, 0.5);
}
