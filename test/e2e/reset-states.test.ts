import { env } from 'node:process';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on } from '../helpers/cluster.ts';
import { FOREIGN_FILES } from '../helpers/foreign-files.ts';
import { kbootOk } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { SEED } from '../helpers/random.ts';
import { describeE2eIf } from '../helpers/require-e2e.ts';
import { inNetwork, Snapshots } from '../helpers/snapshot.ts';

const NODES = ['node1.example.com', 'node2.example.com'] as const;
const MACHINES = [MASTER, ...NODES] as const;

/** Rounds of three machines each. */
const ROUNDS = 4;

/** Something of somebody else, which is made on a machine, and taken away again once it was seen to be still there. */
interface Foreign {
  readonly name: string;
  readonly make: Act;
  /** Fails when it is not as it was made. A rule is seen in the snapshots. */
  readonly isThere?: Act;
  readonly remove: Act;
}

type Act = (lab: Lab, machine: string) => Promise<unknown>;

const script =
  (text: string): Act =>
  (lab, machine) =>
    on(lab, machine, `set -eu\n${text}\n`);

const files = FOREIGN_FILES.map((path): Foreign => {
  const content = path.endsWith('.conflist')
    ? '{"cniVersion": "0.4.0", "name": "site", "plugins": [{"type": "loopback"}]}'
    : 'theirs';
  return {
    name: path,
    make: script(`mkdir -p "$(dirname '${path}')"; printf '%s' '${content}' > '${path}'`),
    isThere: script(`[ "$(cat '${path}')" = '${content}' ]`),
    remove: script(
      `rm '${path}'; rmdir -p --ignore-fail-on-non-empty "$(dirname '${path}')" 2> /dev/null || true`,
    ),
  };
});

const netns = (name: string): Foreign => ({
  name: `netns ${name}`,
  make: script(`ip netns add ${name}`),
  isThere: script(`ip netns exec ${name} true`),
  // ip has made a mount of the folder, which goes with its last name.
  remove: script(
    `ip netns delete ${name}; while umount /run/netns 2> /dev/null; do :; done; rmdir --ignore-fail-on-non-empty /run/netns`,
  ),
});

const unit = (name: string): Foreign => ({
  name: `unit ${name}`,
  make: script(
    `printf '[Service]\\nExecStart=/bin/sleep 100000\\n' > /etc/systemd/system/${name}; systemctl daemon-reload; systemctl start ${name}`,
  ),
  isThere: script(`systemctl is-active ${name}`),
  remove: script(
    `systemctl stop ${name}; rm /etc/systemd/system/${name}; systemctl daemon-reload; systemctl reset-failed ${name} 2> /dev/null || true`,
  ),
});

// Without an IPv6 address, which comes when it likes.
const link: Foreign = {
  name: 'bridge site0',
  make: script(
    'ip link add site0 type bridge; ip address add 192.0.2.1/24 dev site0; ip link set site0 addrgenmode none; ip link set site0 up',
  ),
  isThere: script('ip -o address show dev site0 | grep -q 192.0.2.1/24'),
  remove: script('ip link delete site0'),
};

/** The machines have no firewall tools of their own. */
const rule = (make: readonly string[], remove: readonly string[]): Foreign => ({
  name: make.join(' '),
  make: (lab, machine) => inNetwork(lab, machine, make),
  remove: (lab, machine) => inNetwork(lab, machine, remove),
});

const appended = (program: readonly string[], ...rest: readonly string[]): Foreign =>
  rule([...program, '-A', ...rest], [...program, '-D', ...rest]);

const RULES: readonly Foreign[] = [
  rule(['iptables', '-N', 'SITE'], ['iptables', '-X', 'SITE']),
  appended(['iptables'], 'FORWARD', '-s', '203.0.113.9/32', '-j', 'DROP'),
  appended(['iptables', '-t', 'nat'], 'POSTROUTING', '-s', '203.0.113.0/24', '-j', 'MASQUERADE'),
  appended(['ip6tables'], 'INPUT', '-s', '2001:db8::/32', '-j', 'DROP'),
  rule(['nft', 'add table inet site'], ['nft', 'delete table inet site']),
];

const THINGS: readonly Foreign[] = [
  ...files,
  ...['site-of-theirs', 'cni-22222222-2222-2222-2222-222222222222'].map(netns),
  ...['site.service', 'kube-site.service', 'containerd-site.service'].map(unit),
  link,
  ...RULES,
];

/** What others had on a machine before the cluster, and what came to it afterwards. */
const State = fc
  .record({ before: fc.subarray([...THINGS]), after: fc.subarray([...THINGS]) })
  .map(({ before, after }) => ({ before, after: after.filter((thing) => !before.includes(thing)) }));

const describeLong = describeE2eIf(env['KBOOT_E2E_ALL'] === '1', 'set KBOOT_E2E_ALL=1');

describeLong('reset of machines in random states', () => {
  const own = useLab({ masters: 1, nodes: NODES.length });
  const snapshots = new Snapshots(own);
  const states = fc.sample(State, { seed: SEED, numRuns: ROUNDS * MACHINES.length });

  beforeAll(async () => {
    console.info(`KBOOT_TEST_SEED=${SEED}`);
    await defaultBundle();
    // A first login makes folders and units of its own, a first rule the tables.
    await kbootOk(own.folder, 'reset', '--yes');
    for (const machine of MACHINES) {
      // Not empty, so that it stays when a file below it is taken away again.
      await on(own.lab, machine, 'touch /opt/of-theirs');
      for (const { make, remove } of RULES) {
        await make(own.lab, machine);
        await remove(own.lab, machine);
      }
    }
  }, CLUSTER_TIMEOUT_MS);

  test.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'leaves all that others had on them before and after: round %i',
    async (round) => {
      const cases = MACHINES.map((machine, index) => {
        const state = states[(round - 1) * MACHINES.length + index];
        if (state === undefined) throw new Error('too few states');
        return { machine, ...state };
      });
      for (const { machine, before } of cases) {
        for (const { make } of before) await make(own.lab, machine);
        await snapshots.take(machine);
      }
      await kbootOk(own.folder, 'init');
      await kbootOk(own.folder, 'join', '--all');
      expect((await kubectl(own.folder, ['get', 'nodes', '-o', 'name'])).split('\n')).toHaveLength(
        MACHINES.length,
      );
      for (const { machine, after } of cases) for (const { make } of after) await make(own.lab, machine);
      await kbootOk(own.folder, 'reset', '--yes');
      for (const { machine, before, after } of cases) {
        console.info(
          `round ${round}, ${machine}: ${[...before, ...after].map(({ name }) => name).join(', ')}`,
        );
        for (const { isThere } of [...before, ...after]) await isThere?.(own.lab, machine);
        for (const { remove } of after) await remove(own.lab, machine);
        expect(await snapshots.changed(machine), machine).toEqual([]);
        for (const { remove } of before) await remove(own.lab, machine);
      }
    },
    CLUSTER_TIMEOUT_MS,
  );
});
