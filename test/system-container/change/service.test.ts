import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startUntilHealthy } from '../../../src/system-container/change/service.ts';
import { FakeHost, type Reply } from '../../helpers/fake-host.ts';
import { runs } from '../../helpers/script.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-service-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A systemd whose unit is in the state that the test says. */
const SYSTEMCTL = `#!/bin/sh
case "$*" in
  start*) exit "$STARTS" ;;
  *ActiveState*) echo "$STATE" ;;
  *NRestarts*) n=$(cat "$COUNT" 2> /dev/null || echo 0); echo "$n"; if [ "$RESTARTS" = yes ]; then echo $((n + 1)) > "$COUNT"; fi ;;
  *ConditionResult*) echo "$CONDITION" ;;
  *) exit 9 ;;
esac
`;
const JOURNALCTL = '#!/bin/sh\necho "cannot open /data"\n';

async function start(
  machine: Readonly<Record<string, string>>,
  healthCheck: readonly string[] = [],
  healthTimeoutS = 5,
) {
  const root = join(folder, 'root');
  const bin = join(folder, 'bin');
  await mkdir(join(root, 'c.0'), { recursive: true });
  await mkdir(bin);
  await writeFile(join(root, 'c.0', 'c.service'), '');
  for (const [name, text] of [
    ['systemctl', SYSTEMCTL],
    ['journalctl', JOURNALCTL],
  ] as const) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  const info = Buffer.from(
    JSON.stringify({ 'health-check': healthCheck, 'health-timeout': healthTimeoutS }),
  ).toString('base64');
  const env = {
    ...{ STARTS: '0', STATE: 'active', CONDITION: 'yes', RESTARTS: 'no', COUNT: join(folder, 'count') },
    ...{ ...machine, PATH: `${bin}:${process.env['PATH']}` },
  };
  const run: Reply = async ({ argv }, stdin) => {
    const [shell = '', ...words] = argv.map((word) => (word === '/var/lib/containers/atomic' ? root : word));
    const { stdout, stderr, exitCode } = await execa(shell, words, { env, input: stdin, reject: false });
    return { stdout, stderr, exitCode: exitCode ?? 1 };
  };
  const host = new FakeHost('node-1')
    .on(runs('start-healthy'), run)
    .on(runs('list-deployments'), `link\tc\tc.0\nfolder\tc.0\t${info}\t-\t-\n`);
  return startUntilHealthy(host, 'c');
}

test('a service that serves', async () => {
  expect(await start({}, ['true'])).toEqual([]);
});

test.each([
  ['dies at once', { STATE: 'failed' }, 'c: it failed'],
  ['cannot be started', { STARTS: '1' }, 'c: it did not start'],
  ['dies again and again', { STATE: 'activating', RESTARTS: 'yes' }, 'c: it was started again and again'],
])('one that %s is an error with the end of its journal', async (_what, machine, why) => {
  const failed = start(machine);
  await expect(failed).rejects.toMatchObject({ code: 'UNHEALTHY', host: 'node-1' });
  await expect(failed).rejects.toThrow(
    `node-1: ${why}: it is installed, and does not serve\n  its journal ends with\n    cannot open /data`,
  );
});

test.each([
  ['ends by itself', {}, 'c ended by itself, without an error'],
  ['has a condition', { CONDITION: 'no' }, 'c was not started: a condition of its unit is not met'],
])('one that %s is no error, and is told', async (_what, machine, told) => {
  expect(await start({ STATE: 'inactive', ...machine })).toEqual([told]);
});

test('one whose health the machine has no program to ask for only has to stay up, and that is told', async () => {
  const told = [
    'c was started and stays up; its health was not checked, for the machine does not have no-such-ctl',
  ];
  expect(await start({}, ['no-such-ctl', 'health'])).toEqual(told);
  await rm(folder, { recursive: true });
  await mkdir(folder);
  await expect(start({ STATE: 'failed' }, ['no-such-ctl'])).rejects.toThrow('c: it failed');
  await rm(folder, { recursive: true });
  await mkdir(folder);
  expect(await start({ STATE: 'inactive' }, ['no-such-ctl'])).toEqual([
    'c ended by itself, without an error',
  ]);
});

test('a machine that takes long to answer for its health is given more time at each try', async () => {
  expect(await start({}, ['sleep', '11'], 60)).toEqual([]);
}, 120_000);
