import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { INIT, JOIN } from '../../src/phases/recipes.ts';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on } from '../helpers/cluster.ts';
import { type Ended, kbootOk, runKboot, startKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

const NODE = 'node1.example.com';

/** Every phase takes more than an hour here; the one that writes most at once runs each time. */
const isComplete = env['KBOOT_E2E_ALL'] === '1';
const INIT_PHASES = isComplete ? INIT.map(({ id }) => id) : ['node-runtime'];
const JOIN_PHASES = JOIN.map(({ id }) => id);

/** In bytes: enough for what kboot asks for, and not more than this computer can spare, since it is memory. */
const VAR_SIZE = '3g';

const FILL = `
fallocate -l "$(df --output=avail -B1 /var | tail -n 1)" /var/ballast.1 2> /dev/null
dd if=/dev/zero of=/var/ballast.2 bs=4k 2> /dev/null
df --output=avail -B1 /var | tail -n 1
`;

/** What no finished run leaves: blobs, and what was being unpacked or built. */
const HALF_DONE = `
find /var/lib/kboot/blobs -type f
find /var/lib/containers/atomic /var/lib/containers/atomic/.storage -maxdepth 1 -name '*.new*'
`;

/** As long as kboot waits for one thing while the disk is full. */
const SHORT = 'wait: 40s\n';

/** One phase after the other for the machine whose disk is full, up to the error and then to the end. */
const PHASE_TIMEOUT_MS = 20 * 60_000;

describeE2e('a disk that is full for a while', () => {
  const own = useLab({ masters: 1, nodes: 1, options: { varSize: VAR_SIZE } });
  let clusterFile = '';

  beforeAll(async () => {
    await defaultBundle();
    clusterFile = await readFile(join(own.folder, 'kboot.yaml'), 'utf8');
  }, CLUSTER_TIMEOUT_MS);

  /** Runs a verb; when a phase begins, kboot is held until the disk of a machine is full. */
  async function fillBefore(phase: string, machine: string, argv: readonly string[]): Promise<Ended> {
    await writeFile(join(own.folder, 'kboot.yaml'), `${clusterFile}${SHORT}`);
    let filled: Promise<string> | undefined;
    const kboot = startKboot(own.folder, [...argv, '--events'], (event) => {
      if (filled || event.type !== 'phase-start' || event.phase !== phase) return;
      kboot.kill('SIGSTOP');
      filled = on(own.lab, machine, FILL).finally(() => kboot.kill('SIGCONT'));
    });
    const ended = await kboot.ended;
    expect(filled, `${phase} was not begun: ${ended.stderr}`).toBeDefined();
    expect((await filled)?.trim()).toBe('0');
    return ended;
  }

  async function freed(machine: string): Promise<void> {
    await on(own.lab, machine, 'rm -f /var/ballast.*');
    await writeFile(join(own.folder, 'kboot.yaml'), clusterFile);
  }

  // What comes next finds a machine with room, also after a test that failed.
  afterEach(() => Promise.all([MASTER, NODE].map(freed)));

  /** Either nothing needed the disk, or the error says what is wrong. */
  function expectExplained({ code, signal, events, stderr }: Ended): void {
    expect(signal, stderr).toBe(null);
    if (code === 0) return;
    expect(code, stderr).toBeGreaterThan(1);
    const last = events.at(-1);
    for (const { message = '', hint = '' } of last?.failures ?? (last ? [last] : [])) {
      console.info(`exit code ${code}: ${message}\nto do: ${hint}`);
      expect(`${message}\n${hint}`, stderr).toMatch(/free some space on|insufficient free disk space/i);
    }
  }

  async function expectWhole(machines: readonly string[], ...argv: readonly string[]): Promise<void> {
    const nodes = machines.map((name) => `node/${name}`);
    await kubectl(own.folder, ['wait', '--for=condition=Ready', ...nodes, '--timeout=60s']);
    expect(await kbootOk(own.folder, ...argv)).toContain('no changes');
    for (const machine of machines) expect(await on(own.lab, machine, HALF_DONE), machine).toBe('');
  }

  describe('init', () => {
    beforeEach(() => kbootOk(own.folder, 'reset', '--yes'), PHASE_TIMEOUT_MS);

    test.each(INIT_PHASES)(
      'before the phase %s: the same command finishes once there is room',
      async (phase) => {
        expectExplained(await fillBefore(phase, MASTER, ['init']));
        await freed(MASTER);
        await kbootOk(own.folder, 'init');
        await expectWhole([MASTER], 'init');
      },
      PHASE_TIMEOUT_MS,
    );
  });

  describe.runIf(isComplete)('join', () => {
    beforeAll(() => kbootOk(own.folder, 'init'), PHASE_TIMEOUT_MS);
    beforeEach(() => kbootOk(own.folder, 'reset', NODE, '--yes'), PHASE_TIMEOUT_MS);

    test.each(JOIN_PHASES)(
      'before the phase %s: the same command finishes once there is room',
      async (phase) => {
        expectExplained(await fillBefore(phase, NODE, ['join', '--all']));
        await freed(NODE);
        await kbootOk(own.folder, 'join', '--all');
        await expectWhole([MASTER, NODE], 'join', '--all');
      },
      PHASE_TIMEOUT_MS,
    );
  });

  test('an image that has no room is refused before anything is sent', async () => {
    await on(own.lab, MASTER, FILL);
    const { code, stderr } = await runKboot(
      own.folder,
      'containers',
      'install',
      'kube-scheduler',
      '--host',
      MASTER,
    );
    await freed(MASTER);
    expect(code, stderr).toBe(7);
    expect(stderr).toMatch(
      /nothing was changed.*\n.*master.*: \/var\/lib\/containers\/atomic has 0\.0 MB free, \d+\.\d MB are needed/,
    );
  });
});
