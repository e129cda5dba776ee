import { env } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { INIT, JOIN } from '../../src/phases/recipes.ts';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, kubectlJson, MASTER, on } from '../helpers/cluster.ts';
import { kbootOk, startKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { randomNumbers } from '../helpers/random.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

const random = randomNumbers();

const NODE = 'node1.example.com';
const BOTH = [MASTER, NODE] as const;

/** Every phase takes half an hour here; a sample of the most telling ones runs each time. */
const isComplete = env['KBOOT_E2E_ALL'] === '1';
const INIT_PHASES = isComplete ? INIT.map(({ id }) => id) : ['etcd', 'kubeadm-init'];
const JOIN_PHASES = isComplete ? JOIN.map(({ id }) => id) : ['kubeadm-join'];

/** What a finished run leaves on a machine, names only: the same after a run that was killed and done again. */
const TREE = `
find /etc /opt /usr/local /tmp /var/tmp /root /var/lib/kboot -xdev | sort
find /var/lib/containers/atomic -xdev -maxdepth 1 ! -name '*.new*' | sort
ls -A /var/lib/containers/atomic/.storage | sort
systemctl list-unit-files --state=enabled --plain --no-legend | sort
ctr -n k8s.io images ls -q | grep -v sha256: | sort
`;

/** Bootstrap tokens, wherever they might have been written down. */
const TOKENS = `
grep -rlIsE '\\b[a-z0-9]{6}\\.[a-z0-9]{16}\\b' /etc/kubernetes /var/lib/kboot /run/kboot /tmp /var/tmp /root /var/lib/kubelet/*.* || true
ls -Ad /run/kboot 2>/dev/null || true
`;

describeE2e('kboot, killed and run again', () => {
  const own = useLab({ masters: 1, nodes: 1 });
  const trees = new Map<string, string>();
  /** Milliseconds that each phase took undisturbed, by verb and id. */
  const durations = new Map<string, number>();

  const run = async (verb: string, ...args: string[]) => {
    const { code, stderr, events } = await startKboot(own.folder, [verb, ...args, '--events']).ended;
    if (code !== 0) throw new Error(`kboot ${verb}: ${code}\n${stderr}`);
    return events;
  };

  const undisturbed = async (verb: string, ...args: string[]) => {
    for (const event of await run(verb, ...args)) {
      const { type, phase, ms = 0 } = event;
      if (type === 'phase-end') durations.set(`${verb} ${phase}`, ms);
    }
  };

  /** Kills kboot at a moment of a phase, and gives back that moment in words. */
  async function killIn(phase: string, verb: string, ...args: string[]): Promise<string> {
    const ms = random() * (durations.get(`${verb} ${phase}`) ?? 0);
    let started = false;
    const kboot = startKboot(own.folder, [verb, ...args, '--events'], (event) => {
      if (started || event.type !== 'phase-start' || event.phase !== phase) return;
      started = true;
      delay(ms).then(() => kboot.kill('SIGKILL'));
    });
    const { signal, stderr } = await kboot.ended;
    expect(started, `${phase} was not begun: ${stderr}`).toBe(true);
    const moment = `${signal ?? 'not killed'} ${Math.round(ms)} ms after ${phase} began`;
    console.info(`kboot ${verb}: ${moment}`);
    return moment;
  }

  async function expectHealthy(machines: readonly string[], moment: string): Promise<void> {
    const { items } = await kubectlJson(own.folder, 'get', 'nodes');
    const ready = items.map(
      (node: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }) =>
        `${node.metadata.name} ${node.status.conditions.find(({ type }) => type === 'Ready')?.status}`,
    );
    expect(ready, moment).toEqual(machines.map((name) => `${name} True`));
    await kubectl(own.folder, [
      '-n',
      'kube-system',
      'wait',
      '--for=condition=Available',
      'deployment/coredns',
      '--timeout=60s',
    ]);
    await kubectl(own.folder, ['-n', 'kube-flannel', 'rollout', 'status', 'daemonset', '--timeout=60s']);
    expect(
      await kubectl(own.folder, ['-n', 'kube-system', 'get', 'secrets', '-o', 'name']),
      moment,
    ).not.toContain('bootstrap-token');
    for (const machine of machines) {
      expect(await on(own.lab, machine, TOKENS), `${machine}: ${moment}`).toBe('');
      expect(await on(own.lab, machine, TREE), `${machine}: ${moment}`).toBe(trees.get(machine));
    }
  }

  beforeAll(async () => {
    await defaultBundle();
    await undisturbed('init');
    trees.set(MASTER, await on(own.lab, MASTER, TREE));
    await undisturbed('join', '--all');
    trees.set(NODE, await on(own.lab, NODE, TREE));
    await expectHealthy(BOTH, 'undisturbed');
  }, CLUSTER_TIMEOUT_MS);

  describe('join', () => {
    test.each(JOIN_PHASES)('in the phase %s', async (phase) => {
      await kbootOk(own.folder, 'reset', NODE, '--yes');
      const moment = await killIn(phase, 'join', '--all');
      await run('join', '--all');
      await expectHealthy(BOTH, moment);
      expect(await kbootOk(own.folder, 'join', '--all'), moment).toContain('no changes');
    });
  });

  describe('init', () => {
    test.each(INIT_PHASES)('in the phase %s', async (phase) => {
      await kbootOk(own.folder, 'reset', '--yes');
      const moment = await killIn(phase, 'init');
      await run('init');
      await expectHealthy([MASTER], moment);
      expect(await kbootOk(own.folder, 'init'), moment).toContain('no changes');
    });
  });
});
