/** A line that impairs what it carries. */
import test from 'ava';
import threeIsps from '../../lab/topologies/three-isps.ts';
import type { Lab } from '../backend/lab.ts';
import { binomialRange } from '../scenario/binomial.ts';
import type { Impairment, Topology } from '../topology/topology.ts';
import { modelBackend } from './lab.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** The server's line to isp1, so impaired; the others are cables. */
function impaired(impairment: Impairment): Topology {
  const topology = threeIsps();
  return { ...topology, links: topology.links.map((link, index) => (index === 0 ? { ...link, impairment } : link)) };
}

const opened = (impairment: Impairment, seed = 1): Promise<Lab> =>
  modelBackend({ release: '6.18.0', turn }).open(impaired(impairment), {
    ...{ profile: 'kernel', seed, tunnels: {}, directory: '', label: 'line' },
  });

const [first, count] = [10_000, 2000];
const sourcePorts = Array.from({ length: count }, (_, index) => first + index);

/** Seconds that each datagram to the server's port 5000 took on its last link, by its source port. */
async function took(lab: Lab): Promise<ReadonlyMap<string, number>> {
  const { crossings } = await lab.evidence();
  const own = crossings.filter(({ protocol, destination }) => protocol === 'udp' && destination.endsWith(':5000'));
  const left = new Map(own.filter(({ direction }) => direction === 'out').map(({ source, time }) => [source, time]));
  const came = own.filter(({ host, direction }) => host === 'server' && direction === 'in');
  return new Map(came.map(({ source, time }) => [source, time - (left.get(source) ?? NaN)]));
}

test('each packet takes as long as the line does, in either direction; a cable takes next to nothing', async (t) => {
  const lab = await opened({ delay: 0.04, loss: 0 });
  const began = lab.now();
  t.deepEqual(await lab.unanswered([{ host: 'isp1', destination: '203.0.113.2' }]), []);
  t.true(lab.now() - began >= 0.08 && lab.now() - began < 0.09, `${lab.now() - began} s`);
  await lab.scatter('isp1', { destination: '203.0.113.2', port: 5000, sourcePorts });
  await lab.scatter('isp2', { destination: '203.0.114.2', port: 5000, sourcePorts });
  const times = [...(await took(lab))];
  t.is(times.length, 2 * count);
  for (const [source, seconds] of times) {
    if (source.startsWith('203.0.113.')) t.true(seconds >= 0.04 && seconds < 0.041, `${source}: ${seconds} s`);
    else t.true(seconds < 0.001, `${source}: ${seconds} s`);
  }
});

test('chance loses as many packets as the line is to lose, others with another seed, and only there', async (t) => {
  const lost = await Promise.all(
    [1, 2].map(async (seed) => {
      const lab = await opened({ delay: 0, loss: 0.1 }, seed);
      await lab.scatter('isp1', { destination: '203.0.113.2', port: 5000, sourcePorts });
      await lab.scatter('isp2', { destination: '203.0.114.2', port: 5000, sourcePorts });
      const came = [...(await took(lab)).keys()];
      t.is(came.filter((source) => source.startsWith('203.0.114.')).length, count);
      const { low, high } = binomialRange(count, 0.1, 1e-9);
      const missing = sourcePorts.filter((port) => !came.includes(`203.0.113.1:${port}`));
      t.true(missing.length >= low && missing.length <= high, `${missing.length}`);
      return missing;
    }),
  );
  t.notDeepEqual(lost[0], lost[1]);
});

test('an end keeps its signal when the other is down, as that of a cable does not; and it does not vanish', async (t) => {
  const lab = await opened({ delay: 0.04, loss: 0 });
  const hasSignal = async (name: string): Promise<boolean> => {
    const script = `case "$(ip link show ${name})" in *NO-CARRIER*) exit 1;; *LOWER_UP*) exit 0;; *) exit 2;; esac`;
    const { status } = await lab.run('server', script);
    t.true(status < 2);
    return status === 0;
  };
  for (const name of ['isp1', 'isp2']) {
    t.true(await hasSignal(name));
    await lab.inflict({ kind: 'down', host: name, interface: 'server' });
  }
  t.deepEqual([await hasSignal('isp1'), await hasSignal('isp2')], [true, false]);
  await t.throwsAsync(lab.inflict({ kind: 'vanish', host: 'server', interface: 'isp1' }), {
    message: 'isp1 of server is no end of a cable: it leads to equipment in a line',
  });
});
