import test from 'ava';
import fc from 'fast-check';
import { protocols } from '../packet.ts';
import { invert, type Connection, type Tuple } from './connection.ts';
import { createTupleTable } from './tuple-table.ts';

function connectionOf(original: Tuple, expires: number): Connection {
  const reply = invert(original)!;
  return { original, reply, mark: 0, status: 0, expires, created: 0, tcp: 'none', masqueradedBy: 0 };
}

const udp: Tuple = { protocol: protocols.udp, source: 0xc6336401, destination: 9, sourcePort: 1, destinationPort: 53 };
/** Its hash is that of the other: the protocols differ in just the bits in which the ports do. */
const tcp: Tuple = { ...udp, protocol: protocols.tcp, sourcePort: 1 ^ ((protocols.udp ^ protocols.tcp) << 8) };

test('a connection is found by its packets and by their answers, until it dies', (t) => {
  const table = createTupleTable();
  const connection = connectionOf(udp, 30);
  t.true(table.insert(connection, 0));
  t.is(table.find(udp, 29), connection);
  t.is(table.find(invert(udp)!, 29), connection);
  t.is(table.find({ ...udp, destinationPort: 54 }, 29), null);
  t.is(table.find(udp, 30), null);
  t.is(table.size, 0);
});

test('connections whose hashes are the same are told apart', (t) => {
  const table = createTupleTable();
  const [one, other] = [connectionOf(udp, 30), connectionOf(tcp, 40)];
  t.true(table.insert(one, 0));
  t.is(table.find(tcp, 0), null);
  t.true(table.insert(other, 0));
  t.is(table.find(udp, 0), one);
  t.is(table.find(tcp, 0), other);
  t.deepEqual(table.all(0), [one, other]);
  table.remove(one);
  t.is(table.find(udp, 0), null);
  t.is(table.find(tcp, 0), other);
  t.deepEqual(table.all(0), [other]);
});

test('a connection that is its own answer has one entry', (t) => {
  const table = createTupleTable();
  const connection = connectionOf({ ...udp, source: 9, sourcePort: 53 }, 30);
  t.true(table.insert(connection, 0));
  t.deepEqual(table.all(0), [connection]);
  table.remove(connection);
  t.is(table.size, 0);
  t.is(table.find(connection.original, 0), null);
});

/** Few enough of each that tuples come again, and that hashes do. */
const tuples = fc.record({
  protocol: fc.constantFrom(protocols.udp, protocols.tcp),
  source: fc.integer({ min: 1, max: 3 }),
  destination: fc.integer({ min: 1, max: 3 }),
  sourcePort: fc.constantFrom(udp.sourcePort, tcp.sourcePort),
  destinationPort: fc.constantFrom(udp.sourcePort, tcp.sourcePort),
});
const steps = fc.array(
  fc.record({
    tuple: tuples,
    kind: fc.constantFrom('insert', 'remove', 'find', 'all'),
    life: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 60 },
);

test('it has what a plain list of connections has, whatever is done to it', (t) => {
  fc.assert(
    fc.property(steps, (script) => {
      const table = createTupleTable();
      let list: Connection[] = [];
      for (const [now, { tuple, kind, life }] of script.entries()) {
        const same = (one: Tuple): boolean =>
          JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(tuple).sort());
        list = list.filter(({ expires }) => expires > now);
        const known = list.find(({ original, reply }) => same(original) || same(reply)) ?? null;
        if (kind === 'insert') {
          const connection = connectionOf(tuple, now + life);
          const inserted = table.insert(connection, now);
          if (inserted !== (known === null)) return false;
          if (inserted) list.push(connection);
        } else if (kind === 'remove' && known) {
          table.remove(known);
          list = list.filter((each) => each !== known);
        } else if (kind === 'all') {
          const all = table.all(now);
          if (all.length !== list.length || !list.every((each) => all.includes(each))) return false;
          if (table.size !== list.length) return false;
        }
        if (table.find(tuple, now) !== (list.find(({ original, reply }) => same(original) || same(reply)) ?? null))
          return false;
      }
      return true;
    }),
  );
  t.pass();
});
