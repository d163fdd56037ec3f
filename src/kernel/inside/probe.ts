/**
 * Run inside a host: asks again and again, and says which question was answered. Arguments: milliseconds between questions
 * while they are answered, those in haste, which it is in while they aren't, and the targets: `tcp|udp ADDRESS PORT`. Over TCP
 * each question is a connection of its own, and a refusal is an answer; over UDP all come from one socket. A line of output an
 * answer: the target's number, and when it was asked, in milliseconds since 1970. A line of input puts all in haste
 * (`hurry`, which is repeated when it is so), or no longer the target of a number (`calm`).
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

// Given by --eval, the program has no file to be named among its arguments.
const [pace, haste, ...targets] = process.argv.slice(1);
/** Milliseconds until a connection is given up. */
const patience = 1000;
/** The targets that are in haste. */
const hasty = new Set();

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, target] = line.split(' ');
  if (word === 'calm') {
    hasty.delete(Number(target));
    return;
  }
  for (const each of targets.keys()) hasty.add(each);
  process.stdout.write(`${line}\n`);
});

for (const [target, words] of targets.entries()) {
  const [protocol, host = '', port] = words.split(' ');
  const flow = createSocket('udp4');
  /** When it was asked last, and when what was answered last. */
  let [asked, answered] = [0, 0];
  flow.on('message', (message) => {
    answered = Number(message);
    process.stdout.write(`${target} ${answered}\n`);
  });
  setInterval(() => {
    const now = Date.now();
    const soon = hasty.has(target) || answered < asked;
    // A timer may be a millisecond early.
    if (now - asked < Number(soon ? haste : pace) - 1) return;
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
      answered = now;
      process.stdout.write(`${target} ${now}\n`);
    });
    connection.on('close', () => {
      clearTimeout(timer);
    });
  }, Number(haste));
}
process.stdout.write('asking\n');
