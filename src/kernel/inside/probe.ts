/**
 * Run inside a host: asks again and again, and says which question was answered. Arguments: milliseconds from one question to
 * the next, those in haste, and the targets: `tcp|udp ADDRESS PORT`. Over TCP each question is a connection of its own, and a
 * refusal is an answer; over UDP all come from one socket. A line of output an answer: the target's number, and when it was
 * asked, in milliseconds since 1970. A line of input puts targets in haste (`hurry 0 1`, which is repeated when it is so), or no
 * longer (`calm 0`).
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

// Given by --eval, the program has no file to be named among its arguments.
const [pace, haste, ...targets] = process.argv.slice(1);
/** Milliseconds until a connection is given up. */
const patience = 1000;
/** By target: whether it is in haste. */
const hasty = targets.map(() => false);

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, ...named] = line.split(' ');
  for (const target of named) hasty[Number(target)] = word === 'hurry';
  if (word === 'hurry') process.stdout.write(`${line}\n`);
});

for (const [target, words] of targets.entries()) {
  const [protocol, host = '', port] = words.split(' ');
  const flow = createSocket('udp4');
  /** When it was asked last. */
  let asked = 0;
  flow.on('message', (message) => process.stdout.write(`${target} ${message.toString()}\n`));
  setInterval(() => {
    const now = Date.now();
    // A timer may be a millisecond early.
    if (now - asked < Number(hasty[target] ? haste : pace) - 1) return;
    asked = now;
    if (protocol === 'udp') {
      // What can't be sent is a question without an answer.
      flow.send(String(now), Number(port), host, () => undefined);
      return;
    }
    const connection = connect({ host, port: Number(port) });
    const timer = setTimeout(() => connection.destroy(), patience);
    connection.on('connect', () => connection.destroy(new Error('answered')));
    connection.on('error', (error) => {
      if (error.message !== 'answered' && !error.message.includes('ECONNREFUSED')) return;
      process.stdout.write(`${target} ${now}\n`);
    });
    connection.on('close', () => {
      clearTimeout(timer);
    });
  }, Number(haste));
}
process.stdout.write('asking\n');
