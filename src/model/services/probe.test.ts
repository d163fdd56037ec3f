import test from 'ava';
import { deviceNamed } from '../host.ts';
import { startProbing } from './probe.ts';
import { serve } from './program.ts';
import { twoLines, type TestNetwork } from './testing.ts';

const probe = { protocol: 'udp', destination: '203.0.113.2', port: 7 } as const;

/** Milliseconds between the questions that have left within so many seconds from now. */
function pausesWithin(lab: TestNetwork, seconds: number): readonly number[] {
  const before = lab.seen.length;
  lab.pass(seconds);
  const asked = lab.seen.slice(before).filter(({ at, direction }) => at === 'client net' && direction === 'out');
  const pauses = asked.slice(1).map(({ time }, index) => Math.round((time - asked[index]!.time) * 1000));
  return [...new Set(pauses)];
}

function asking(): readonly [TestNetwork, ReturnType<typeof startProbing>] {
  const lab = twoLines();
  serve(lab.host('server'), { kind: 'udp-echo', name: 'echo', port: 7, binding: { kind: 'wildcard' } }, lab.tunnels);
  const probes = startProbing(lab.host('client'), [probe]);
  lab.pass(0.5);
  return [lab, probes];
}

test('a question is asked each half second, in haste each hundredth, be it answered or not', (t) => {
  const [lab, probes] = asking();
  t.deepEqual(pausesWithin(lab, 2), [500]);
  probes.hurry([probe]);
  lab.pass(0.5);
  t.deepEqual(pausesWithin(lab, 1), [10]);
  deviceNamed(lab.host('router'), 'client')!.transmit = () => undefined;
  t.deepEqual(pausesWithin(lab, 1), [10]);
  probes.calm(probe);
  lab.pass(0.5);
  t.deepEqual(pausesWithin(lab, 2), [500]);
  probes.stop();
  t.deepEqual(pausesWithin(lab, 2), []);
});
