import { env } from 'node:process';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on } from '../helpers/cluster.ts';
import { FOREIGN_FILES } from '../helpers/foreign-files.ts';
import { kbootOk } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { describeE2eIf } from '../helpers/require-e2e.ts';
import { difference, inNetwork, takeSnapshot } from '../helpers/snapshot.ts';

const NODES = ['node1.example.com', 'node2.example.com'] as const;
const MACHINES = [MASTER, ...NODES] as const;

/** Rounds of three machines each. */
const ROUNDS = 4;

/** Something of somebody else on a machine. `isThere` fails when it is not as it was made. */
interface Foreign {
  readonly name: string;
  readonly make: string;
  readonly isThere: string;
  readonly remove: string;
}

const files = FOREIGN_FILES.map((path): Foreign => {
  const content = path.endsWith('.conflist')
    ? '{"cniVersion": "0.4.0", "name": "site", "plugins": [{"type": "loopback"}]}'
    : 'theirs';
  return {
    name: path,
    make: `mkdir -p "$(dirname '${path}')"; printf '%s' '${content}' > '${path}'`,
    isThere: `[ "$(cat '${path}')" = '${content}' ]`,
    remove: `rm '${path}'; rmdir -p --ignore-fail-on-non-empty "$(dirname '${path}')" 2> /dev/null || true`,
  };
});

const netns = (name: string): Foreign => ({
  name: `netns ${name}`,
  make: `ip netns add ${name}`,
  isThere: `ip netns exec ${name} true`,
  // ip has made a mount of the folder, which goes with its last name.
  remove: `ip netns delete ${name}; while umount /run/netns 2> /dev/null; do :; done; rmdir --ignore-fail-on-non-empty /run/netns`,
});

const unit = (name: string): Foreign => ({
  name: `unit ${name}`,
  make: `printf '[Service]\\nExecStart=/bin/sleep 100000\\n' > /etc/systemd/system/${name}; systemctl daemon-reload; systemctl start ${name}`,
  isThere: `systemctl is-active ${name}`,
  remove: `systemctl stop ${name}; rm /etc/systemd/system/${name}; systemctl daemon-reload; systemctl reset-failed ${name} 2> /dev/null || true`,
});

// Without an IPv6 address, which comes when it likes.
const link: Foreign = {
  name: 'bridge site0',
  make: 'ip link add site0 type bridge; ip address add 192.0.2.1/24 dev site0; ip link set site0 addrgenmode none; ip link set site0 up',
  isThere: 'ip -o address show dev site0 | grep -q 192.0.2.1/24',
  remove: 'ip link delete site0',
};

const THINGS: readonly Foreign[] = [
  ...files,
  ...['site-of-theirs', 'cni-22222222-2222-2222-2222-222222222222'].map(netns),
  ...['site.service', 'kube-site.service', 'containerd-site.service'].map(unit),
  link,
];

/** Rules and chains of somebody else; the machines have no firewall tools of their own. */
const RULES: readonly (readonly string[])[] = [
  ['iptables', '-N', 'SITE'],
  ['iptables', '-A', 'FORWARD', '-s', '203.0.113.9/32', '-j', 'DROP'],
  ['iptables', '-t', 'nat', '-A', 'POSTROUTING', '-s', '203.0.113.0/24', '-j', 'MASQUERADE'],
  ['ip6tables', '-A', 'INPUT', '-s', '2001:db8::/32', '-j', 'DROP'],
  ['nft', 'add table inet site'],
];
const UNDO: Readonly<Record<string, string>> = {
  '-N': '-X',
  '-A': '-D',
  'add table inet site': 'delete table inet site',
};
const undo = (rule: readonly string[]): readonly string[] => rule.map((word) => UNDO[word] ?? word);

const State = fc.record({
  before: fc.subarray([...THINGS]),
  after: fc.subarray([...THINGS]),
  rulesBefore: fc.subarray([...RULES]),
  rulesAfter: fc.subarray([...RULES]),
});

const describeLong = describeE2eIf(env['KBOOT_E2E_ALL'] === '1', 'set KBOOT_E2E_ALL=1');

describeLong('reset of machines in random states', () => {
  const own = useLab({ masters: 1, nodes: NODES.length });
  const seed = env['KBOOT_TEST_SEED'] === undefined ? Date.now() % 2 ** 31 : Number(env['KBOOT_TEST_SEED']);
  const states = fc.sample(State, { seed, numRuns: ROUNDS * MACHINES.length });

  beforeAll(async () => {
    console.info(`KBOOT_TEST_SEED=${seed}`);
    await defaultBundle();
    // A first login makes folders and units of its own, a first rule the tables.
    await kbootOk(own.folder, 'reset', '--yes');
    for (const machine of MACHINES) {
      // Not empty, so that it stays when a file below it is taken away again.
      await on(own.lab, machine, 'touch /opt/of-theirs');
      for (const rule of RULES) {
        await inNetwork(own.lab, machine, rule);
        await inNetwork(own.lab, machine, undo(rule));
      }
    }
  }, CLUSTER_TIMEOUT_MS);

  test.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'leaves all that others had on them before and after: round %i',
    async (round) => {
      const cases = MACHINES.map((machine, index) => {
        const state = states[(round - 1) * MACHINES.length + index];
        if (state === undefined) throw new Error('too few states');
        return {
          ...{ machine, before: state.before, rulesBefore: state.rulesBefore },
          after: state.after.filter((thing) => !state.before.includes(thing)),
          rulesAfter: state.rulesAfter.filter((rule) => !state.rulesBefore.includes(rule)),
        };
      });
      const sh = (machine: string, scripts: readonly string[]) =>
        on(own.lab, machine, `set -eu\n${scripts.join('\n')}\n`);

      const clean = new Map<string, readonly string[]>();
      for (const { machine, before, rulesBefore } of cases) {
        await sh(
          machine,
          before.map(({ make }) => make),
        );
        for (const rule of rulesBefore) await inNetwork(own.lab, machine, rule);
        clean.set(machine, await takeSnapshot(own.lab, machine));
      }
      await kbootOk(own.folder, 'init');
      await kbootOk(own.folder, 'join', '--all');
      expect((await kubectl(own.folder, ['get', 'nodes', '-o', 'name'])).split('\n')).toHaveLength(
        MACHINES.length,
      );
      for (const { machine, after, rulesAfter } of cases) {
        await sh(
          machine,
          after.map(({ make }) => make),
        );
        for (const rule of rulesAfter) await inNetwork(own.lab, machine, rule);
      }
      await kbootOk(own.folder, 'reset', '--yes');
      for (const { machine, before, after, rulesBefore, rulesAfter } of cases) {
        const names = [...before, ...after].map(({ name }) => name).join(', ');
        console.info(
          `round ${round}, ${machine}: ${names}; rules: ${[...rulesBefore, ...rulesAfter].map((rule) => rule.join(' ')).join(', ')}`,
        );
        await sh(
          machine,
          [...before, ...after].map(({ isThere }) => isThere),
        );
        await sh(
          machine,
          after.map(({ remove }) => remove),
        );
        for (const rule of rulesAfter) await inNetwork(own.lab, machine, undo(rule));
        expect(difference(clean.get(machine) ?? [], await takeSnapshot(own.lab, machine)), machine).toEqual(
          [],
        );
        await sh(
          machine,
          before.map(({ remove }) => remove),
        );
        for (const rule of rulesBefore) await inNetwork(own.lab, machine, undo(rule));
      }
    },
    CLUSTER_TIMEOUT_MS,
  );
});
