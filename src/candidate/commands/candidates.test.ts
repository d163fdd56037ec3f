import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { execa } from 'execa';
import { readIp } from './ip/read.ts';

const folder = new URL('../../../lab/candidates/', import.meta.url);
const candidates = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? entry.name : [],
);

/** What a script is told of uplinks, as a lab would. */
const environment = Object.fromEntries(
  [1, 2, 3].flatMap((uplink) => [
    [`IF${uplink}`, `isp${uplink}`],
    [`GW${uplink}`, `203.0.11${uplink + 2}.1`],
    [`IP${uplink}`, `203.0.11${uplink + 2}.2`],
    [`NET${uplink}`, `203.0.11${uplink + 2}.0/24`],
  ]),
);

/** Functions in place of the tools: one says what it was told, a line each, the others nothing. */
const recorders = `
  ip() { printf '%s\\001' ip "$@"; echo; }
  iptables() { :; }
  nft() { cat >/dev/null; }
`;

for (const name of candidates) {
  test(`${name}: every command line of ip is read`, async (t) => {
    const script = readFileSync(new URL(`${name}/up.sh`, folder), 'utf8').replaceAll(
      />\s*"?\/proc\/sys\S*/g,
      '>/dev/null',
    );
    const { stdout } = await execa('sh', ['-eu', '-s'], { input: recorders + script, env: environment });
    const lines = stdout.split('\n').filter((line) => line !== '');
    for (const line of lines) {
      const words = line.split('\u0001').slice(0, -1);
      const at = { file: `${name}/up.sh`, line: 1, column: 1 };
      const placed = readIp(
        words.map((text) => ({ text, at })),
        null,
      );
      t.is(placed.length, 1, line);
    }
    t.is(lines.length > 0, /^\s*ip /m.test(script));
  });
}
