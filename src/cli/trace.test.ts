import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Command } from 'commander';
import { sample } from '../candidate/dump/sample-dump.ts';
import { LabError } from '../net/error.ts';
import type { Trace } from '../scenario/trace.ts';
import { outputOf } from './testing.ts';
import { addTraceCommand } from './trace.ts';

const usual = {
  ...{ '--topology': 'three-isps', '--from': 'client', '--to': 'server@isp2', '--proto': 'udp', '--on': 'model' },
  ...{ '--era': '6.18.44' },
};

async function trace(candidate: string, options: Readonly<Record<string, string>>): Promise<void> {
  const program = new Command();
  addTraceCommand(program);
  const words = Object.entries({ ...usual, ...options }).flat();
  await program.parseAsync(['trace', candidate, ...words], { from: 'user' });
}

function refused(candidate: string, options: Readonly<Record<string, string>>, message: string, hint = /^/): void {
  test(`refuses ${candidate} ${Object.entries(options).flat().join(' ')}`, async (t) => {
    const error = await t.throwsAsync(() => trace(candidate, options), { instanceOf: LabError });
    t.is(error.code, 'invalid');
    t.is(error.message, message);
    t.regex(error.hint, hint);
  });
}

const [script, hosts] = ['round-robin', /^did you mean 'client'\? There are: server, isp1,/];
refused('rund-robin', {}, "there is no candidate 'rund-robin'", /^did you mean 'round-robin'\?/);
refused(script, { '--topology': 'three-isp' }, "there is no topology 'three-isp'", /'three-isps'/);
refused(script, { '--from': 'cliet' }, "there is no host in three-isps 'cliet'", hosts);
refused(script, { '--to': 'server@ips2' }, "there is no interface of server 'ips2'", /'isp2'/);
refused(script, { '--to': 'server' }, "--to: expected HOST@INTERFACE, got 'server'");
refused(script, { '--to': 'client@cgnat' }, '--to: client is the host that calls');
refused(script, { '--proto': 'sctp' }, "there is no protocol 'sctp'", /udp, tcp, icmp/);
refused(script, { '--server': 'bond' }, "there is no way to answer (--server) 'bond'", /'bound'/);
refused(script, { '--format': 'yaml' }, "there is no format 'yaml'", /pretty, json/);
refused(script, { '--proto': 'icmp', '--port': '7' }, '--port: ICMP has no ports');
refused(
  script,
  { '--proto': 'tcp', '--server': 'bound' },
  '--server is for UDP: with TCP and ICMP the address that was called answers',
);
refused(
  script,
  { '--server': 'pktinfo', '--bind': '10.0.0.1' },
  '--bind: a server that is pktinfo is bound to no address',
);

test.serial('traces a script of the user’s own, and names its lines', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'trace-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'own');
  await writeFile(file, '# Everything by the third line.\nip route add default via "$GW3"\n');
  const text = await outputOf(() => trace(file, { '--format': 'json' }));
  const document = JSON.parse(text) as Pick<Trace, 'verdict' | 'why'>;
  t.like(document, { backend: 'model', era: '6.18.44', topology: 'three-isps', candidate: file });
  t.like(document.verdict, { arrivedBy: 'isp2', leftBy: 'isp3', cause: 'reply-source' });
  t.deepEqual(
    document.why.filter(({ packet, host, stage }) => packet === 'reply' && host === 'server' && stage === 'route'),
    [
      {
        ...{ packet: 'reply', after: 0, host: 'server', stage: 'route' },
        text: 'table main: default via 203.0.115.1 dev isp3',
        at: { file, line: 2, column: 1 },
      },
    ],
  );
});

test.serial('traces the dump of a host, and names the places in its files', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'trace-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  // So that there is an answer.
  const texts = { ...sample, 'nft.json': sample['nft.json'].replace('"policy": "drop"', '"policy": "accept"') };
  await Promise.all(Object.entries(texts).map(([name, text]) => writeFile(join(folder, name), text)));
  const text = await outputOf(() => trace(folder, { '--format': 'json', '--proto': 'icmp' }));
  const { why } = JSON.parse(text) as Pick<Trace, 'why'>;
  const places = why.flatMap(({ host, at }) => (host === 'server' && at ? [at] : []));
  const line = sample['ip-rule.json'].split('\n').findIndex((each) => each.includes('"priority": 100')) + 1;
  t.true(places.some(({ file, line: at }) => file === join(folder, 'ip-rule.json') && at === line - 1));
  t.true(places.some(({ file }) => file === join(folder, 'iptables-save.txt')));

  await writeFile(join(folder, 'ip-rule.json'), sample['ip-rule.json'].replace('"not"', '"l3mdev"'));
  const error = await t.throwsAsync(() => trace(folder, {}), { instanceOf: LabError });
  t.is(error.code, 'invalid');
  t.is(error.message, `${folder}/ip-rule.json:${line + 1}:5: a rule has "l3mdev", which is not modelled`);

  await rm(join(folder, 'sysctl.txt'));
  const missing = await t.throwsAsync(() => trace(folder, {}), { instanceOf: LabError });
  t.deepEqual([missing.code, missing.message], ['invalid', `${folder}: the dump has no sysctl.txt`]);
});
