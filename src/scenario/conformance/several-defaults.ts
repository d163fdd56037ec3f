// Several default routes of one metric, at random.
import fc from 'fast-check';
import type { Line } from './routing.ts';
import { one } from './routing.ts';
import { lines } from './trial.ts';

const written = (arbitrary: fc.Arbitrary<string>, tries: string): fc.Arbitrary<Line> =>
  arbitrary.map((text) => ({ text, tries }));
const line = one(...lines);
const table = one('', '', ' table 101');
const by = line.map(({ gateway, name }) => `via ${gateway} dev ${name}`);

const another = written(
  fc
    .tuple(one('append', 'append', 'prepend'), one('', '', '', ' tos 0x10'), by, table, one('', '', '', ' metric 10'))
    .map(([how, tos, way, where, metric]) => `route ${how}${tos} default ${way}${where}${metric}`),
  'default route beside others',
);
/** What is known of a gateway, by a word that holds: of one that is stale, it is a matter of time until more is known. */
const known = written(
  fc
    .tuple(line, one('permanent', 'reachable'))
    .map(([{ gateway, name }, state]) => `neighbour change ${gateway} dev ${name} nud ${state}`),
  'gateway that is known',
);

/**
 * Changes of the default routes, and of what is known of their gateways. Which of them is taken depends on which was the last time, so
 * what goes by them has to go one after the other.
 */
export const changesOfDefaults: fc.Arbitrary<readonly Line[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: known },
    { weight: 2, arbitrary: another },
    {
      weight: 1,
      arbitrary: written(
        by.map((way) => `route replace default ${way} metric 20`),
        'route',
      ),
    },
  ),
  { maxLength: 2 },
);

/** Each gateway is known, and some are defaults. */
export const severalDefaults: fc.Arbitrary<readonly Line[]> = fc
  .tuple(
    fc.tuple(...lines.map(() => one('permanent', 'permanent', 'reachable'))),
    fc.uniqueArray(line, { minLength: 2, selector: ({ name }) => name }),
    table,
    fc.array(another, { maxLength: 2 }),
    fc.subarray([...lines]),
  )
  .map(([states, some, where, others, ruled]): readonly Line[] => [
    ...lines.map(({ gateway, name }, index) => ({
      text: `neighbour change ${gateway} dev ${name} nud ${states[index] ?? ''}`,
      tries: 'gateway that is known',
    })),
    ...some.map(({ gateway, name }) => ({
      text: `route append default via ${gateway} dev ${name}${where}`,
      tries: 'default route beside others',
    })),
    ...others,
    ...ruled.map(({ address }, index) => ({
      text: `rule add from ${address} priority ${100 + index} lookup 101`,
      tries: 'rule by source',
    })),
  ]);

/** Nothing that is known outlasts the trial. */
export const forgetGateways = lines.map(({ gateway, name }): Line => ({
  text: `neighbour delete ${gateway} dev ${name}`,
  tries: 'gateway that is known',
}));
