import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { otherBuild } from '../../scripts/other-build.mjs';
import type { Lab } from '../../src/lab/lab.ts';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on } from '../helpers/cluster.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { inNetwork, Snapshots } from '../helpers/snapshot.ts';

const NODE = 'node1.example.com';
const BOTH = [MASTER, NODE] as const;

/** What somebody had on the machine before: files beside the cluster's, settings, a link, a route. */
const FOREIGN = `
mkdir -p /etc/cni/net.d /etc/kubernetes /opt/cni/bin /usr/local/bin
echo '{"cniVersion": "0.4.0", "name": "site", "plugins": [{"type": "loopback"}]}' > /etc/cni/net.d/99-site.conflist
echo mine > /etc/kubernetes/site.txt
chmod 640 /etc/kubernetes/site.txt
echo '#!/bin/sh' > /opt/cni/bin/site-plugin
echo '#!/bin/sh' > /usr/local/bin/site-tool
chmod 755 /opt/cni/bin/site-plugin /usr/local/bin/site-tool
echo 'net.ipv4.tcp_keepalive_time = 600' > /etc/sysctl.d/50-site.conf
echo 600 > /proc/sys/net/ipv4/tcp_keepalive_time
echo 2 > /proc/sys/net/ipv4/conf/all/rp_filter
ip link add site0 type bridge
ip address add 192.0.2.1/24 dev site0
ip link set site0 up
ip route add 198.51.100.0/24 via 192.0.2.7
`;

/** Their firewall: a table of their own, and rules and chains in those that Kubernetes uses as well. */
const FOREIGN_RULES = [
  ['nft', 'add table inet site'],
  ['nft', 'add chain inet site input { type filter hook input priority 10; policy accept; }'],
  ['nft', 'add rule inet site input tcp dport 4444 drop'],
  ['iptables', '-N', 'SITE'],
  ['iptables', '-A', 'SITE', '-s', '203.0.113.0/24', '-j', 'DROP'],
  ['iptables', '-A', 'INPUT', '-j', 'SITE'],
  ['iptables', '-A', 'FORWARD', '-s', '203.0.113.9/32', '-j', 'DROP'],
  ['iptables', '-t', 'nat', '-A', 'POSTROUTING', '-s', '203.0.113.0/24', '-j', 'MASQUERADE'],
  ['ip6tables', '-A', 'INPUT', '-s', '2001:db8::/32', '-j', 'DROP'],
] as const;

/** What somebody brings to a node after it has joined, in the folders that the cluster uses as well. */
const LATE = `
mkdir -p /var/lib/containers/storage/volumes/v/_data /var/lib/cni/networks/site /var/lib/etcd/member
for file in /var/lib/containers/storage/volumes/v/_data/x /var/lib/cni/networks/site/10.9.0.2 /var/lib/etcd/member/wal \\
  /etc/cni/net.d/87-site.conflist /opt/cni/bin/late-plugin /etc/kubernetes/late.txt; do echo mine > "$file"; done
ip netns add site
ip netns add cni-11111111-1111-1111-1111-111111111111
printf '[Service]\\nExecStart=/bin/sleep 100000\\n' > /etc/systemd/system/etcd.service
systemctl daemon-reload
systemctl start etcd.service
`;

/** Fails unless all of it is there, then takes it away. */
const LATE_IS_THERE = `
set -eu
for file in /var/lib/containers/storage/volumes/v/_data/x /var/lib/cni/networks/site/10.9.0.2 /var/lib/etcd/member/wal \\
  /etc/cni/net.d/87-site.conflist /opt/cni/bin/late-plugin /etc/kubernetes/late.txt; do
  [ "$(cat "$file")" = mine ]
  rm "$file"
done
ip netns exec site true
ip netns delete site
ip netns exec cni-11111111-1111-1111-1111-111111111111 true
ip netns delete cni-11111111-1111-1111-1111-111111111111
systemctl is-active etcd.service
systemctl stop etcd.service
rm /etc/systemd/system/etcd.service
systemctl daemon-reload
rmdir /var/lib/containers/storage/volumes/v/_data /var/lib/containers/storage/volumes/v /var/lib/containers/storage/volumes
rmdir /var/lib/containers/storage /var/lib/containers /var/lib/cni/networks/site /var/lib/cni/networks /var/lib/cni
# ip has made a mount of the folder.
while umount /run/netns 2> /dev/null; do :; done
rmdir /var/lib/etcd/member /run/netns
rmdir /var/lib/etcd 2> /dev/null || true
`;

/** An ssh session that says something every second, as long as it is there. */
function heldSession(lab: Lab, machine: string) {
  const child = spawn('ssh', ['-F', lab.files.sshConfig, machine, 'while sleep 1; do echo ping; done'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let last = Date.now();
  let longest = 0;
  child.stdout.on('data', () => {
    longest = Math.max(longest, Date.now() - last);
    last = Date.now();
  });
  return {
    isOpen: () => child.exitCode === null && child.signalCode === null,
    /** The longest time without a word, in seconds. */
    silence: () => Math.max(longest, Date.now() - last) / 1000,
    async close() {
      child.kill();
      await ended;
    },
  };
}

describeE2e('reset', () => {
  const own = useLab({ masters: 1, nodes: 1 });
  const snapshots = new Snapshots(own);

  /** A second deployment on both machines, and a container that has nothing to do with the cluster on one. */
  async function addContainers(): Promise<void> {
    const bundle = await defaultBundle();
    const build = (name: string) => otherBuild(bundle, name, join(own.folder, `other-${name}`));
    const containers = (...args: string[]) => kbootOk(own.folder, 'containers', ...args);
    await containers('update', 'kubelet', '--all-hosts', '--rebase', await build('kubelet'));
    await containers('install', await build('etcd'), '--name', 'extra', '--host', NODE);
  }

  beforeAll(async () => {
    await defaultBundle();
    for (const machine of BOTH) {
      await on(own.lab, machine, FOREIGN);
      for (const argv of FOREIGN_RULES) await inNetwork(own.lab, machine, argv);
      // A first login makes folders and units of its own.
      await kbootOk(own.folder, 'reset', '--yes');
      await snapshots.take(machine);
    }
  }, CLUSTER_TIMEOUT_MS);

  test('of machines that kboot never changed changes nothing', async () => {
    expect(await kbootOk(own.folder, 'reset', '--yes')).toBe(
      'no changes: kboot has changed none of these machines\n',
    );
    for (const machine of BOTH) expect(await snapshots.changed(machine)).toEqual([]);
  });

  test('asks, and refuses without a terminal', async () => {
    const { code, stderr } = await runKboot(own.folder, 'reset');
    expect(code).toBe(14);
    expect(stderr).toContain('--yes');
  });

  test('leaves the machines as they were, with what others had on them, twice', async () => {
    const sessions = BOTH.map((machine) => heldSession(own.lab, machine));
    for (const round of [1, 2]) {
      await kbootOk(own.folder, 'init');
      await kbootOk(own.folder, 'join', '--all');
      expect(await kubectl(own.folder, ['get', 'nodes', '-o', 'name'])).toBe(`node/${MASTER}\nnode/${NODE}`);
      if (round === 2) await addContainers();
      await on(own.lab, NODE, LATE);
      // The snapshot sees what kboot does: it is no comparison of nothing with nothing.
      expect((await snapshots.changed(MASTER)).length, `round ${round}`).toBeGreaterThan(500);
      const said = await kbootOk(own.folder, 'reset', '--yes');
      expect(said).toContain('as before kboot');
      await on(own.lab, NODE, LATE_IS_THERE);
      for (const machine of BOTH)
        expect(await snapshots.changed(machine), `${machine}, round ${round}`).toEqual([]);
    }
    for (const session of sessions) {
      expect(session.isOpen()).toBe(true);
      expect(session.silence()).toBeLessThan(15);
      await session.close();
    }
  });
});
