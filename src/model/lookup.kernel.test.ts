import { release } from 'node:os';
import test from 'ava';
import { execa } from 'execa';
import { readIp } from '../candidate/commands/ip/read.ts';
import { formatIPv4 } from '../net/address.ts';
import type { Topology } from '../topology/topology.ts';
import { eraOf } from './era.ts';
import { applyIp } from './machine/apply-ip.ts';
import { buildNetwork } from './network.ts';
import { createRandom, type Random } from './random.ts';

const alone: Topology = {
  name: 'alone',
  title: 'One host',
  hosts: [{ name: 'server', forwarding: true, routes: [] }],
  links: [],
  server: { host: 'server', uplinks: [] },
};

const uplinks = [0, 1, 2, 3];
const tables = [101, 102, 103, 254];
const pick = <Value>(random: Random, values: readonly Value[]): Value => {
  const value = values[random.below(values.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
};
const gateway = (uplink: number): string => `198.18.${uplink}.1`;
const own = (uplink: number): string => `198.18.${uplink}.2`;
/** Few destinations, so that routes and look-ups meet. */
const anywhere = (random: Random): string =>
  pick(random, [
    () => formatIPv4(0x14000000 + random.below(0x50000000)),
    () => `20.${random.below(4)}.${random.below(4)}.${1 + random.below(4)}`,
    () => `198.18.${random.below(5)}.${1 + random.below(4)}`,
  ])();
const source = (random: Random): string => pick(random, [...uplinks.map(own), '203.0.113.7', '198.18.1.3', '10.9.9.9']);

function nexthop(random: Random): string {
  const uplink = pick(random, uplinks);
  return pick(random, [`via ${gateway(uplink)} dev up${uplink}`, `via ${gateway(uplink)}`, `dev up${uplink}`]);
}

/** A command that changes routing; now and then one that the kernel refuses. */
function command(random: Random): string {
  const prefix = pick(random, [
    'default',
    '20.0.0.0/8',
    `20.${random.below(4)}.0.0/16`,
    `20.${random.below(4)}.${random.below(4)}.0/24`,
    `20.0.0.${random.below(4)}`,
  ]);
  const table = `table ${pick(random, tables)}`;
  const metric = pick(random, ['', '', `metric ${random.below(3) * 10}`]);
  const route = pick(random, ['add', 'add', 'append', 'prepend', 'replace', 'change', 'delete']);
  const rulePriority = pick(random, ['', `priority ${100 + random.below(6)}`]);
  return pick(random, [
    () => `route ${route} ${prefix} ${nexthop(random)} ${table} ${metric}`,
    () => `route ${route} ${prefix} ${nexthop(random)} src ${source(random)} ${table} ${metric}`,
    () =>
      `route ${route} ${pick(random, ['unreachable', 'blackhole', 'prohibit', 'throw'])} ${prefix} ${table} ${metric}`,
    () => {
      const hops = Array.from({ length: 2 + random.below(3) }, () => {
        const uplink = pick(random, uplinks);
        return `nexthop via ${gateway(uplink)} dev up${uplink} weight ${1 + random.below(10)}`;
      });
      return `route ${route} ${prefix} ${table} ${metric} ${hops.join(' ')}`;
    },
    () => `rule add from ${source(random)} ${table} ${rulePriority}`,
    () => `rule add to 20.${random.below(4)}.0.0/16 ${table} ${rulePriority}`,
    () => `rule add fwmark ${random.below(4)}/0x3 ${table} ${rulePriority}`,
    () => `rule add not from ${source(random)} ${table} ${rulePriority}`,
    () => `rule add ipproto udp dport ${1 + random.below(4)} ${table} ${rulePriority}`,
    () => `rule add table 254 suppress_prefixlength ${random.below(17)} ${rulePriority}`,
    () => `rule add oif up${pick(random, uplinks)} ${table} ${rulePriority}`,
    () => `rule add iif lo ${table} ${rulePriority}`,
    () => `rule delete from ${source(random)}`,
    () => `rule add goto ${100 + random.below(8)} priority ${100 + random.below(4)} from ${source(random)}`,
    () =>
      `rule add ${pick(random, ['unreachable', 'blackhole', 'prohibit'])} to 20.3.${random.below(4)}.0/24 ${rulePriority}`,
    () => `address add 198.18.${pick(random, uplinks)}.${3 + random.below(2)}/24 dev up${pick(random, uplinks)}`,
    () => `address delete 198.18.${random.below(4)}.${2 + random.below(3)}/24 dev up${random.below(4)}`,
  ])();
}

function linkCommand(random: Random): string {
  return `link set ${pick(random, ['up', 'peer'])}${pick(random, uplinks)} ${pick(random, ['up', 'down', 'up'])}`;
}

function lookup(random: Random, policy: number): string {
  const from = pick(random, ['', '', `from ${source(random)}`]);
  const output = pick(random, ['', '', '', `oif up${pick(random, uplinks)}`]);
  const mark = pick(random, ['', '', `mark ${random.below(4)}`]);
  const ports =
    policy === 1 || random.below(3) === 0
      ? `ipproto udp sport ${1 + random.below(9)} dport ${1 + random.below(4)}`
      : '';
  return `route get ${anywhere(random)} ${from} ${output} ${mark} ${ports}`;
}

/** What matters of what `ip route get` prints. */
function decision(line: string): string {
  const field = (name: string): string => new RegExp(` ${name} (\\S+)`).exec(` ${line}`)?.[1] ?? '-';
  const type = /^(local|broadcast|multicast)/.exec(line)?.[1] ?? 'unicast';
  return `${type} via ${field('via')} dev ${field('dev')} src ${field('src')}`;
}

const settings = (seed: number, policy: number, ignoreLinkDown: number): readonly (readonly [string, number])[] => [
  ['ipv4.ip_forward', 1],
  ['ipv4.fib_multipath_hash_seed', seed],
  ['ipv4.fib_multipath_hash_policy', policy],
  ['ipv4.conf.all.ignore_routes_with_linkdown', ignoreLinkDown],
  ['ipv4.conf.all.rp_filter', 0],
  ['ipv4.conf.default.rp_filter', 0],
];

const build = [
  'link set lo up',
  'address add 203.0.113.7/32 dev lo',
  ...uplinks.flatMap((uplink) => [
    `link add up${uplink} type veth peer name peer${uplink}`,
    `link set peer${uplink} up`,
    `link set up${uplink} up`,
    `address add ${own(uplink)}/24 dev up${uplink}`,
  ]),
];

/** Waits until the kernel's link watch, which takes up to a second, has noticed which links have a carrier. */
const settled = `
settled() {
  ip -br link | awk '
    { split($1, names, "@"); up[names[1]] = $4 ~ /[<,]UP[,>]/; state[names[1]] = $2; peer[names[1]] = names[2] }
    END { for (name in peer) if (peer[name] != "" && (state[name] == "UP") != (up[name] && up[peer[name]])) exit 1 }'
}`;

/** One answer a line: what was decided, or `done`, or why not. A pause is a line that is empty. */
async function askKernel(
  lines: readonly string[],
  sysctls: readonly (readonly [string, number])[],
): Promise<readonly string[]> {
  const writes = sysctls.map(([name, value]) => `echo ${value} >/proc/sys/net/${name.replaceAll('.', '/')}`);
  const parts = lines.join('\n').split('\n\n');
  const batches = parts.map(
    (part) =>
      `ip -oneline -force -batch - 2>&1 <<'END' || :\n${part}\nEND\necho END\nuntil settled; do sleep 0.02; done`,
  );
  const script = ['echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6', ...writes, settled, ...batches].join('\n');
  const { stdout } = await execa('unshare', ['--net', 'sh', '-eu'], { input: script, timeout: 60_000 });
  const said = stdout.split('END\n');
  return parts.flatMap((part, index) => {
    const commands = part.split('\n');
    const [answers, failed] = [[] as string[], new Set<number>()];
    for (const line of (said[index] ?? '').split('\n').filter(Boolean)) {
      const failure = /^Command failed -:(\d+)/.exec(line)?.[1];
      if (failure !== undefined) failed.add(Number(failure) - 1);
      else if (/ (?:dev|src) .*cache/.test(line)) answers.push(line);
    }
    const decided = commands.map((line, place) => {
      if (failed.has(place)) return 'refused';
      return line.startsWith('route get') ? decision(answers.shift() ?? 'nothing') : 'done';
    });
    return [...(index > 0 ? ['done'] : []), ...decided];
  });
}

function askModel(lines: readonly string[], sysctls: readonly (readonly [string, number])[]): readonly string[] {
  const network = buildNetwork(alone, {
    era: eraOf(release()),
    seed: 1,
    record: () => undefined,
    trailOf: null,
    delay: 0,
  });
  const host = network.hosts.get('server');
  if (!host) throw new Error('no server');
  for (const [name, value] of sysctls) host.sysctls.write(name, value);
  return lines.map((line) => {
    if (line === '') return 'done';
    const at = { file: 'line', line: 1, column: 1 };
    const words = ['ip', '-oneline', ...line.split(' ').filter(Boolean)].map((text) => ({ text, at }));
    const [placed] = readIp(words, null);
    if (!placed) throw new Error(`nothing read in ${line}`);
    const { status, stdout } = applyIp(network, host, placed, true);
    if (status !== 0) return 'refused';
    return line.startsWith('route get') ? decision(stdout) : 'done';
  });
}

/** Look-ups after each few changes, so that what a change left behind is seen. */
function session(random: Random, policy: number): readonly string[] {
  const links = random.below(3) === 0;
  const rounds = Array.from({ length: links ? 8 : 20 }, () => [
    ...Array.from({ length: 1 + random.below(4) }, () => command(random)),
    ...(links ? [linkCommand(random), ''] : []),
    ...Array.from({ length: 12 }, () => lookup(random, policy)),
  ]);
  return [...build, '', ...rounds.flat()];
}

const first = Number(process.env['LOOKUP_SEED'] ?? 1);
const sessions = Number(process.env['LOOKUP_SESSIONS'] ?? 25);

test(`${sessions} hosts with random routes, rules and links decide as the kernel does, from seed ${first}`, async (t) => {
  const asked = await Promise.all(
    Array.from({ length: sessions }, async (_, index) => {
      const seed = first + index;
      const random = createRandom(seed, 'look-ups');
      const policy = random.below(2);
      const lines = session(random, policy);
      const sysctls = settings(1 + random.below(0xffffffff), policy, random.below(2));
      const [kernel, model] = [await askKernel(lines, sysctls), askModel(lines, sysctls)];
      const wrong = lines.findIndex((_line, place) => kernel[place] !== model[place]);
      if (wrong >= 0) {
        const before = lines.slice(build.length, wrong).filter((line) => !line.startsWith('route get') && line !== '');
        const setting = sysctls.map((each) => each.join('=')).join(' ');
        t.fail(
          `seed ${seed}, with ${setting}, after\n${before.join('\n')}\nip ${lines[wrong] ?? ''}\n` +
            `kernel: ${kernel[wrong] ?? ''}\nmodel:  ${model[wrong] ?? ''}`,
        );
      }
      return lines.length - build.length;
    }),
  );
  const count = asked.reduce((sum, each) => sum + each, 0);
  t.log(`${count} commands and look-ups, all alike`);
  t.true(count > sessions * 100);
});
