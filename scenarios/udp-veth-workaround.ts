import threeIsps from '../lab/topologies/three-isps.ts';
import type { Cause } from '../src/backend/cause.ts';
import { judgeCell } from '../src/scenario/cell.ts';
import { byEra, mapEras, type ByEra } from '../src/scenario/by-era.ts';
import { defineScenario, type Trial } from '../src/scenario/scenario.ts';

interface Setting {
  /** What becomes of the echo at every uplink. */
  readonly outcome: 'works' | Cause;
}

/** What comes back in has one of the machine's own addresses as its source. */
const looped = byEra<Setting['outcome']>(
  'martian-source',
  { since: '3.6', is: 'works', because: 'without rp_filter, sources were no longer looked at' },
  { since: '3.16.7', is: 'martian-source', because: 'accept_local counts again (1dced6a85482; mainline 3.18)' },
);

/** The address that the candidates' scripts have the server bound to. */
const address = '10.255.0.1';
const port = 7;

export default defineScenario<Setting>({
  title: 'Can DNAT and a veth pair stand in for multihoming in a UDP server?',
  lesson: `A UDP server that answers from one unbound socket can be bound to a private address, and conntrack made to remember
which uplink's address was called: DNAT on the way in, its reverse on the way out. But the reply has been routed by then, by
its private source. So it is sent out by one end of a veth pair and comes in by the other, with its source restored, and
is routed once more; now the rule for that source finds the right uplink.

Two things must be said to the kernel on the way. What comes back in has one of the machine's own addresses as its
source: without accept_local Linux drops it as a martian (since 3.18; from 3.6 to 3.16 it did not, which is why the recipe of
2014 works only there). And it must not be tracked a second time, or NAT finds its port taken and gives it another.

The original advises to turn on log_martians; its messages go to the machine's one kernel log, so here the packets
themselves tell: they come back in and go no further. Of those that aren't ARP the kernel also says why, to root.`,
  services: ['udp-echo'],
  trials: [
    trial('veth-dnat-2014', looped),
    trial('veth-dnat-neighbour', looped),
    trial('veth-dnat', byEra<Setting['outcome']>('works')),
    trial('veth-dnat-tracked', byEra<Setting['outcome']>('reply-source')),
  ],
  open: () => `the server in it is bound to ${address}, which its own candidates make`,
  run: async (lab, { setting }) => {
    const binding = { kind: 'address', address } as const;
    await lab.serve('server', { kind: 'udp-echo', name: 'udp-echo', port, binding });
    const asked = await Promise.all(
      lab.topology.server.uplinks.map(async (uplink, index) => {
        const call = { server: uplink.address, port, sourcePort: 40000 + index };
        const request = { ...call, kind: 'udp-echo', count: 4 } as const;
        const answer = await lab.request('client', request);
        return { uplink: uplink.interface, calls: [{ request, answer }] };
      }),
    );
    const evidence = await lab.evidence();
    return asked.map((each) =>
      judgeCell(lab.topology, evidence, { ...each, service: 'udp-echo', client: 'client', expected: setting.outcome }),
    );
  },
});

function trial(candidate: string, outcomes: ByEra<Setting['outcome']>): Trial<ByEra<Setting>> {
  const setting = mapEras(outcomes, (outcome): Setting => ({ outcome }));
  return { candidate, variant: '', topology: threeIsps(), tunnels: {}, setting };
}
