import { expect, test } from 'vitest';
import { invalidCluster, parseCluster, requireValid } from '../../src/config/load.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

const FULL = `# a cluster
apiVersion: kboot/v1
kind: Cluster
name: prod
kubernetes: v1.37.2
endpoint: api.example.com:6443
wait: 15m
allowSwap: true
bundle:
  path: ./bundle
  digest: sha256:${'a'.repeat(64)}
ssh:
  user: ops
  port: 22
  identityFile: ~/.ssh/id
  hostKeys: strict
network: { pods: 10.244.0.0/16, services: 10.96.0.0/12, dnsDomain: cluster.local, backend: host-gw }
masters:
  - &first
    name: master.example.com
    address: 10.0.0.1
    workloads: true
    ssh: { host: m, port: 2222, user: root, identityFile: k }
nodes:
  - node1.example.com
  - name: node2.example.com
    address: 10.0.0.3
`;
const MORE = [
  `%YAML 1.1\n---\n${FULL}`,
  `${FULL}x: *first\n`,
  `${FULL}x: !!binary YQ==\ny: !!set {a, b}\nz: !!omap [a: 1]\n`,
  `${FULL}? [a, b]\n: c\n? {a: b}\n: c\n<<: { name: other }\n`,
  `a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n`,
];

test('a cluster file is read, or every line that is wrong is told, whatever it holds', () =>
  expectRightOrClear([FULL, ...MORE], (text) => {
    const result = parseCluster(text, '/c/kboot.yaml', '/home/op');
    // What is shown of it is for a person.
    expect(invalidCluster('f', result.issues).message.length).toBeLessThan(100_000);
    const { cluster } = requireValid('f', result);
    expect(cluster.masters.length).toBeGreaterThan(0);
    expect(cluster.waitMs).toBeGreaterThanOrEqual(10_000);
    for (const { ssh } of [...cluster.masters, ...cluster.nodes]) expect(ssh.port ?? 22).toBeLessThan(65_536);
  }));
