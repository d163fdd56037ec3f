import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import homeGateway from '../../lab/topologies/home-gateway.ts';
import type { Crossing } from '../backend/crossing.ts';
import type { Fault } from '../backend/fault.ts';
import type { Lab } from '../backend/lab.ts';
import { LabError } from '../net/error.ts';
import type { Topology } from '../topology/topology.ts';
import { kernelBackend } from './lab.ts';
import { asRoot } from './testing.ts';

/** Two lines of the server's, to hosts that are connected to each other. */
async function recorded(t: ExecutionContext, topology: Topology = homeGateway()) {
  const directory = await mkdtemp(join(tmpdir(), 'faults-test-'));
  const lab = await kernelBackend.open(topology, {
    ...{ profile: 'kernel', seed: 1, tunnels: {}, directory, label: 'faults-test' },
  });
  t.teardown(async () => {
    await lab.close();
    await rm(directory, { recursive: true });
  });
  t.deepEqual(await lab.unanswered(everywhere), []);
  return { lab, fileOf: (host: string): string => join(directory, 'captures', `faults-test--${host}.pcapng`) };
}

const [isp1, isp2] = ['203.0.113.1', '203.0.114.1'];
const line1 = { host: 'server', interface: 'ppp0' } as const;
const line2 = { host: 'server', interface: 'ppp1' } as const;
/** Lets every host send and receive something. */
const everywhere = [
  ...['203.0.113.1', '203.0.114.1'].map((destination) => ({ host: 'server', destination })),
  ...['192.168.0.1', '192.168.1.1'].map((destination) => ({ host: 'server', destination })),
  ...['desktop', 'laptop'].map((host) => ({ host, destination: '192.168.2.1' })),
  ...['client', 'mail', 'world', 'statistics', 'vpn'].map((host) => ({ host, destination: '192.0.2.2' })),
  { host: 'company', destination: '10.20.0.1' },
];

let identifier = 1000;
/** One ping, which is answered or isn't. */
async function answers(lab: Lab, host: string, server: string): Promise<boolean> {
  const request = { kind: 'ping', server, port: 0, sourcePort: ++identifier } as const;
  return (await lab.request(host, request)).accepted;
}

/** The directions in which pings to or from an address crossed an interface. */
function pings(crossings: readonly Crossing[], address: string, host: string, name: string): string {
  const own = crossings.filter((each) => each.host === host && each.interface === name && each.protocol === 'icmp');
  const about = own.filter(({ source, destination }) => source === address || destination === address);
  return about.map(({ direction }) => direction).join(' ');
}

asRoot('an interface that is set down takes its routes along, and brings none back', async (t) => {
  const { lab } = await recorded(t);
  await lab.inflict({ ...line1, kind: 'down' });
  t.false(await answers(lab, 'server', isp1));
  t.true(await answers(lab, 'server', isp2), 'the other line is as it was');
  await lab.inflict({ ...line1, kind: 'up' });
  t.deepEqual(await lab.unanswered([{ host: 'server', destination: isp1 }]), []);
  t.is(await lab.route('server', isp1), 'ppp0');
  await lab.evidence();
});

asRoot("a router's static routes are there again when its interface is up again", async (t) => {
  const { lab } = await recorded(t);
  const far = { host: 'client', destination: '192.0.2.2' };
  await lab.inflict({ kind: 'down', host: 'internet', interface: 'isp1' });
  t.false(await answers(lab, far.host, far.destination));
  await t.throwsAsync(lab.route('internet', '203.0.113.9'), { instanceOf: LabError });
  await lab.inflict({ kind: 'up', host: 'internet', interface: 'isp1' });
  t.is(await lab.route('internet', '203.0.113.9'), 'isp1');
  t.deepEqual(await lab.unanswered([far]), []);
  await lab.evidence();
});

asRoot('a line whose far end is down has no carrier, and the server goes on sending into it', async (t) => {
  const { lab } = await recorded(t);
  await lab.inflict({ kind: 'down', host: 'isp1', interface: 'server' });
  t.is(await lab.route('server', isp1), 'ppp0', 'the route is still used');
  t.false(await answers(lab, 'server', isp1));
  await lab.inflict({ kind: 'up', host: 'isp1', interface: 'server' });
  t.deepEqual(await lab.unanswered([{ host: 'server', destination: isp1 }]), []);
  await lab.evidence();
});

asRoot('a line that vanishes is gone at both ends, and is recorded when it is there again', async (t) => {
  const { lab, fileOf } = await recorded(t);
  await lab.inflict({ ...line1, kind: 'vanish' });
  await t.throwsAsync(lab.route('server', isp1), { instanceOf: LabError }, 'there is no route at all');
  t.true(await answers(lab, 'server', isp2));
  await lab.inflict({ ...line1, kind: 'return' });
  t.deepEqual(await lab.unanswered([{ host: 'server', destination: isp1 }]), []);
  t.true(await answers(lab, 'server', isp1));
  const { crossings } = await lab.evidence();

  // Control, the pings until the answer, the last: those before the fault and those after it are in one recording.
  const seen = pings(crossings, isp1, 'server', 'ppp0');
  t.regex(seen, /^out in (out )+in out in$/);
  t.is(
    pings(crossings, isp1, 'isp1', 'server').replaceAll(/in|out/g, (word) => (word === 'in' ? 'out' : 'in')),
    seen,
  );
  const fields = ['-T', 'fields', '-e', 'frame.packet_flags_direction'];
  const filter = `frame.interface_name == "ppp0" && icmp`;
  const { stdout } = await execa('tshark', ['-n', '-r', fileOf('server'), '-Y', filter, ...fields]);
  const words = stdout.split('\n').map((direction) => ({ '0x00000001': 'in', '0x00000002': 'out' })[direction]);
  t.is(words.join(' '), seen, 'the file says the same, by the interface’s name');
});

asRoot('a line comes back with another address, which its far end knows, and at its rate', async (t) => {
  const { lab } = await recorded(t);
  await lab.inflict({ ...line2, kind: 'vanish' });
  await lab.inflict({ ...line2, kind: 'return', address: '203.0.114.99' });
  t.deepEqual(await lab.unanswered([{ host: 'isp2', destination: '203.0.114.99' }]), []);
  t.true(await answers(lab, 'server', isp2));
  t.false(await answers(lab, 'isp2', '203.0.114.77'), 'nobody has the old one');
  await lab.inflict({ ...line2, kind: 'vanish' });
  await lab.inflict({ ...line2, kind: 'return' });
  t.deepEqual(await lab.unanswered([{ host: 'isp2', destination: '203.0.114.99' }]), [], 'it keeps the new one');
  await lab.evidence();
});

asRoot('a silent host answers nothing, not even ARP, and forwards nothing; its links stay up', async (t) => {
  const { lab } = await recorded(t);
  await lab.inflict({ kind: 'silence', host: 'isp1' });
  t.is(await lab.route('server', isp1), 'ppp0');
  const results = await Promise.all([
    answers(lab, 'server', isp1),
    answers(lab, 'client', '192.0.2.2'),
    answers(lab, 'server', isp2),
  ]);
  t.deepEqual(results, [false, false, true]);
  await lab.inflict({ kind: 'revive', host: 'isp1' });
  t.true(await answers(lab, 'server', isp1));
  const { crossings } = await lab.evidence();
  // Neighbours ask after each other now and then, which is a matter of time.
  const silent = crossings.filter(
    ({ host, interface: name, protocol }) => host === 'isp1' && name === 'server' && protocol !== 'arp',
  );
  t.regex(silent.map(({ direction }) => direction).join(' '), /in out in in out$/, 'it heard what it did not answer');
});

const states: Readonly<Record<string, readonly Fault[]>> = {
  'a line set down': [{ ...line1, kind: 'down' }],
  'a line set down at its far end': [{ kind: 'down', host: 'isp1', interface: 'server' }],
  'a line gone': [{ ...line1, kind: 'vanish' }],
  'both lines gone': [
    { ...line1, kind: 'vanish' },
    { ...line2, kind: 'vanish' },
  ],
  'a host of a switch set down': [{ kind: 'down', host: 'desktop', interface: 'eth0' }],
  'a silent host': [{ kind: 'silence', host: 'internet' }],
  'a host without any link': [{ kind: 'down', host: 'client', interface: 'eth0' }],
};
for (const [name, faults] of Object.entries(states)) {
  asRoot(`the evidence is whole to the last packet, with ${name}`, async (t) => {
    const { lab } = await recorded(t);
    for (const fault of faults) await lab.inflict(fault);
    // Nobody waits for an answer, so that these are the last packets of all.
    const ports = Array.from({ length: 40 }, (_, index) => 30000 + index);
    await lab.scatter('server', { destination: '192.168.2.101', port: 9, sourcePorts: ports });
    const { crossings } = await lab.evidence();
    for (const [host, direction] of [
      ['server', 'out'],
      ['laptop', 'in'],
    ] as const) {
      const own = crossings.filter((each) => each.host === host && each.direction === direction);
      t.is(
        own.filter(({ destination }) => destination === '192.168.2.101:9').length,
        ports.length,
        `${host} ${direction}`,
      );
    }
  });
}

asRoot(
  'a cable that leads to a switch does not vanish, and an interface that is not there does not fail',
  async (t) => {
    const { lab } = await recorded(t);
    await t.throwsAsync(lab.inflict({ kind: 'vanish', host: 'server', interface: 'eth2' }), { message: /to a switch/ });
    await t.throwsAsync(lab.inflict({ kind: 'down', host: 'server', interface: 'ppp7' }), {
      message: /no interface ppp7/,
    });
    await t.throwsAsync(lab.inflict({ kind: 'silence', host: 'isp7' }), { message: /no host isp7/ });
  },
);
