// Installs Debian packages for lab/setup: `node --import tsx lab/install.ts PACKAGE…`. The lab starts the daemons it needs in its
// own namespaces; so nothing that a package brings is started, or left to start at the next boot.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { $, ProcessOutput } from 'zx';

const policyFile = '/usr/sbin/policy-rc.d';
const policy = `#!/bin/sh
# Put here by multihome-lab while it installs packages: starts no service. If no installation is under way, delete it.
exit 101
`;

// An installation is never cut off halfway: a signal is heeded once it is done.
let signalled: 'SIGHUP' | 'SIGINT' | 'SIGTERM' | undefined;
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    signalled = signal;
  });
}

// dpkg wants the sbin directories; what npm has put in front is not for maintainers' scripts.
const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('/node_modules/'));
path.push('/usr/local/sbin', '/usr/sbin', '/usr/bin', '/sbin', '/bin');

const run = $({
  quiet: true,
  stdio: ['ignore', 'pipe', 'pipe'],
  env: {
    ...process.env,
    PATH: path.join(':'),
    LC_ALL: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
    NEEDRESTART_SUSPEND: '1',
  },
});

/** Denies starts of services until disposed of, unless the machine has a policy of its own. */
function denyStarts(): Disposable {
  let current: string | undefined;
  try {
    current = readFileSync(policyFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (current === undefined) writeFileSync(policyFile, policy, { mode: 0o755, flag: 'wx' });
  const ours = current === undefined || current === policy; // one of ours may be left by a kill -9
  return {
    [Symbol.dispose]: () => {
      if (ours) rmSync(policyFile, { force: true });
    },
  };
}

/** The units that start at boot, read from the files: so also where systemd isn't running. Undefined where there is none. */
async function enabledUnits(): Promise<string[] | undefined> {
  const list = ['list-unit-files', '--state=enabled', '--no-legend', '--plain'];
  const { exitCode, stdout } = await run({ nothrow: true })`systemctl --root=/ ${list}`;
  if (exitCode !== 0) return undefined;
  return stdout.split('\n').flatMap((line) => line.split(/\s+/, 1).filter(Boolean));
}

async function install(packages: readonly string[]): Promise<void> {
  const enabledBefore = await enabledUnits();
  if (packages.some((name) => name === 'wireshark-common' || name === 'tshark')) {
    await run`echo 'wireshark-common wireshark-common/install-setuid boolean false' | debconf-set-selections`;
  }
  const options = ['--yes', '--quiet', '--no-install-recommends', '--no-remove', '--option=DPkg::Lock::Timeout=300'];
  try {
    await run`apt-get install ${options} -- ${packages}`;
  } catch (error) {
    if (signalled !== undefined) throw error;
    // The package lists are missing, or name versions that are no longer served. A list that can't be fetched is no failure to
    // apt-get, and none to us if the packages are to be had without it.
    const update = await run({ nothrow: true })`apt-get update --quiet`;
    const again = await run({ nothrow: true })`apt-get install ${options} -- ${packages}`;
    if (again.exitCode !== 0)
      throw new Error(`${update.stderr}${again.stdout}${again.stderr}`.trimEnd(), { cause: error });
  } finally {
    const enabledAfter = enabledBefore && (await enabledUnits());
    const added = enabledAfter?.filter((unit) => !enabledBefore?.includes(unit)) ?? [];
    if (added.length > 0) await run`systemctl --root=/ disable ${added}`;
  }
}

try {
  using _ = denyStarts();
  await install(process.argv.slice(2));
} catch (error) {
  const text = error instanceof ProcessOutput ? `${error.stdout}${error.stderr}`.trimEnd() : (error as Error).message;
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
if (signalled !== undefined) process.exitCode = 128 + constants.signals[signalled];
