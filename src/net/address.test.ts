import test from 'ava';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { contains, formatIPv4, formatPrefix, networkOf, overlaps, parseIPv4, parsePrefix } from './address.ts';
import { LabError } from './error.ts';

const address = fc.integer({ min: 0, max: 0xffffffff });
const prefix = fc.record({ address, length: fc.integer({ min: 0, max: 32 }) });
/** Text that is an address, or nearly one: the mistakes that people make. */
const nearlyAddress = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 300 }).map(String),
      fc.constantFrom('', '00', '010', '+1', ' 1', '1e1', '0x1', '٣'),
    ),
    {
      minLength: 3,
      maxLength: 5,
    },
  )
  .map((octets) => octets.join('.'));

function accepts(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof LabError && error.code === 'invalid') return false;
    throw error;
  }
}

test('an address and its text agree with ipaddr.js', (t) => {
  fc.assert(
    fc.property(address, (number) => {
      const text = formatIPv4(number);
      const octets = ipaddr.IPv4.parse(text).toByteArray();
      t.is(
        octets.reduce((sum, octet) => sum * 256 + octet, 0),
        number,
      );
      t.is(parseIPv4(text), number);
    }),
  );
});

test('accepts exactly the four-part decimals that ipaddr.js does', (t) => {
  fc.assert(
    fc.property(fc.oneof(nearlyAddress, fc.string()), (text) => {
      t.is(accepts(parseIPv4, text), ipaddr.IPv4.isValidFourPartDecimal(text), text);
    }),
    { numRuns: 2000 },
  );
});

for (const text of [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '010.1.2.3',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2..4',
  '1.2.3.-4',
  '0x1.2.3.4',
  '16909060',
  '1.2.3.4\n',
  '::1',
]) {
  test(`refuses ${JSON.stringify(text)} as an address`, (t) => {
    const error = t.throws(() => parseIPv4(text), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.is(error.message, `expected an IPv4 address such as 203.0.113.2, got ${JSON.stringify(text)}`);
  });
}

for (const text of [
  '',
  '/',
  '203.0.113.2',
  '203.0.113.2/',
  '/24',
  '203.0.113.2/33',
  '203.0.113.2/024',
  '203.0.113.2/-1',
  '203.0.113.2/24/8',
  '203.0.113/24',
  '203.0.113.2/255.255.255.0',
  '203.0.113.2/1e1',
  '203.0.113.2/ 8',
]) {
  test(`refuses ${JSON.stringify(text)} as a prefix`, (t) => {
    const error = t.throws(() => parsePrefix(text), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.regex(error.message, /^expected an IPv4 prefix such as 203\.0\.113\.2\/24, .*, got "/);
  });
}

test('formatIPv4 refuses what is not an unsigned 32-bit integer', (t) => {
  for (const number of [-1, 2 ** 32, 1.5, NaN]) t.throws(() => formatIPv4(number), { instanceOf: LabError });
});

test('a prefix keeps its host bits', (t) => {
  t.deepEqual(parsePrefix('203.0.113.2/24'), { address: parseIPv4('203.0.113.2'), length: 24 });
  t.is(formatPrefix(networkOf(parsePrefix('203.0.113.2/24'))), '203.0.113.0/24');
  fc.assert(fc.property(prefix, (any) => t.deepEqual(parsePrefix(formatPrefix(any)), any)));
});

test('networks agree with ipaddr.js', (t) => {
  fc.assert(
    fc.property(prefix, (any) => {
      const expected = ipaddr.IPv4.networkAddressFromCIDR(formatPrefix(any)).toString();
      t.is(formatPrefix(networkOf(any)), `${expected}/${any.length}`);
    }),
  );
});

/** A prefix and an address that differs from it in one bit or a few, so that both answers are common. */
const nearby = fc
  .tuple(prefix, fc.integer({ min: 0, max: 31 }), address)
  .map(([any, bit, noise]) => [any, (any.address ^ (1 << bit) ^ (noise & ((1 << bit) - 1))) >>> 0] as const);

test('contains agrees with ipaddr.js', (t) => {
  fc.assert(
    fc.property(nearby, ([any, other]) => {
      const expected = ipaddr.IPv4.parse(formatIPv4(other)).match(ipaddr.IPv4.parseCIDR(formatPrefix(any)));
      t.is(contains(any, other), expected);
      t.true(contains(any, any.address));
    }),
  );
});

test('two networks overlap when the first address of one lies in the other, whichever comes first', (t) => {
  fc.assert(
    fc.property(nearby, fc.integer({ min: 0, max: 32 }), ([a, other], length) => {
      const b = { address: other, length };
      t.is(overlaps(a, b), contains(a, networkOf(b).address) || contains(b, networkOf(a).address));
      t.is(overlaps(a, b), overlaps(b, a));
    }),
  );
});
