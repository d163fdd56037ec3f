import carrierNetwork from '../../lab/topologies/carrier-nat.ts';
import { buildNetwork } from './network.ts';
import { asRoot, openedFor } from './testing.ts';

asRoot('one of so many packets is lost in each direction, by count, and no segments are joined', async (t) => {
  const sandbox = await openedFor(t);
  const topology = carrierNetwork({ mode: 'stateful' }, { lossOneOf: 3 });
  await buildNetwork(sandbox, topology, { profile: 'kernel', seed: 1, tunnels: {} });
  const ping = (to: string) => sandbox.attempt('cgnat', ['ping', '-q', '-c', '9', '-i', '0.02', '-W', '1', to]);
  // The third, sixth and ninth request is lost; of six answers, the third and the sixth.
  t.regex((await ping('111.222.33.44')).stdout, /9 packets transmitted, 4 received/);
  // The router itself loses nothing that is its own.
  t.regex((await ping('192.0.2.1')).stdout, /9 packets transmitted, 9 received/);
  const link = await sandbox.run('link', 'cloud', ['ip', '-d', 'link', 'show', 'internet']);
  t.regex(link, /gso_max_segs 1\b/);
});
