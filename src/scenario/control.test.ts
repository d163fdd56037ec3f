import test from 'ava';
import carrierNetwork from '../../lab/topologies/carrier-nat.ts';
import type { Lab, Ping } from '../backend/lab.ts';
import { control } from './control.ts';

test('a topology may say what else must answer; then nobody has to reach the uplinks', async (t) => {
  const pinged: Ping[] = [];
  const lab: Pick<Lab, 'topology' | 'unanswered'> = {
    topology: carrierNetwork(),
    unanswered: async (pings) => {
      pinged.push(...pings);
      return Promise.resolve(pings.filter(({ host }) => host === 'fiveg').slice(-1));
    },
  };
  const { ok, found } = await control(lab as Lab);
  t.deepEqual(pinged.slice(-2), [
    { host: 'cgnat', destination: '111.222.33.44' },
    { host: 'fiveg', destination: '111.222.33.44' },
  ]);
  t.is(pinged.length, lab.topology.links.length + 2);
  t.false(ok);
  t.is(found, '8 of 9 pings answered, not fiveg to 111.222.33.44');
});
