import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Document, parseDocument } from 'yaml';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on, read } from '../helpers/cluster.ts';
import { documentedCommands } from '../helpers/documented.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { Snapshots } from '../helpers/snapshot.ts';

/** The machine that is the master of the second cluster, and the name which only its operator's ssh config has for it. */
const OTHER_MACHINE = 'master2.example.com';
const OTHER = 'only-in-ssh-config';
const MEMBER = 'node1.example.com';
const FRESH = 'node2.example.com';

/** What kboot could change on a machine whose cluster runs: its files, and when its kubelet was started. */
const STATE = `
find /etc /usr/local /var/lib/kboot /var/lib/containers/atomic -xdev -path '*/rootfs' -prune -o -printf '%M %T@ %p\\n' | sort
systemctl show kubelet containerd -p ActiveEnterTimestamp
sha256sum /etc/kubernetes/kubelet.conf /etc/kubernetes/pki/ca.crt
`;

describeE2e('two clusters', () => {
  const own = useLab({ masters: 2, nodes: 2 });
  let others = '';

  /** The first cluster's file, changed, in a folder of its own. */
  async function clusterFile(edit: (yaml: Document) => void): Promise<string> {
    const folder = await mkdtemp(join(own.folder, 'case-'));
    const yaml = parseDocument(await read(own.folder, 'kboot.yaml'));
    edit(yaml);
    await writeFile(join(folder, 'kboot.yaml'), String(yaml));
    return folder;
  }

  const tokens = (folder: string) => kubectl(folder, ['-n', 'kube-system', 'get', 'secrets', '-o', 'name']);

  beforeAll(async () => {
    await defaultBundle();
    const yaml = parseDocument(await read(own.folder, 'kboot.yaml'));
    const machines = own.lab.machines.map(({ name, address }) => ({ name, address }));
    const only = (name: string) => machines.filter((machine) => machine.name === name);
    yaml.set('masters', only(MASTER));
    yaml.set('nodes', only(MEMBER));
    await writeFile(join(own.folder, 'kboot.yaml'), String(yaml));
    await kbootOk(own.folder, 'init');
    await kbootOk(own.folder, 'join', '--all');
    // A folder of somebody who has nothing but an ssh config.
    others = await mkdtemp(join(own.folder, 'others-'));
    await mkdir(join(others, '.ssh'), { mode: 0o700 });
    const config = await readFile(own.lab.files.sshConfig, 'utf8');
    const renamed = config.replace(new RegExp(`^Host ${OTHER_MACHINE} .*$`, 'm'), `Host ${OTHER}`);
    expect(renamed).not.toBe(config);
    await writeFile(join(others, '.ssh/config'), renamed);
  }, CLUSTER_TIMEOUT_MS);

  test('init without a kboot.yaml writes one, and a kubeconfig beside it', async () => {
    const said = await kbootOk(others, 'init', OTHER);
    expect(said).toContain(`${OTHER} is the master of kboot (Kubernetes v1.37.2)`);
    expect(said).toContain('next: kboot join NODE...');
    const yaml = parseDocument(await readFile(join(others, 'kboot.yaml'), 'utf8')).toJS();
    expect(yaml).toMatchObject({ apiVersion: 'kboot/v1', kind: 'Cluster' });
    expect(JSON.stringify(yaml.masters)).toContain(OTHER);
    expect((await stat(join(others, 'kubeconfig'))).mode & 0o777).toBe(0o600);
    expect(await kubectl(others, ['get', 'nodes', '-o', 'name'])).toBe(`node/${OTHER}`);
    expect(await kbootOk(others, 'init', OTHER)).toContain('no changes');
  });

  test('a machine of one is not taken into the other', async () => {
    const before = await on(own.lab, MEMBER, STATE);
    const { code, stderr } = await runKboot(others, 'join', MEMBER);
    expect(code, stderr).toBe(7);
    expect(stderr).toContain(`${MEMBER}: it belongs to the cluster ${own.lab.name}`);
    expect(stderr).toContain(`kboot reset ${MEMBER}`);
    expect(await on(own.lab, MEMBER, STATE)).toBe(before);
    expect(await tokens(others)).not.toContain('bootstrap-token');
    await kubectl(own.folder, ['wait', '--for=condition=Ready', `node/${MEMBER}`, '--timeout=10s']);
  });

  test('nor is a master of one made the master of another', async () => {
    const before = await on(own.lab, MEMBER, STATE);
    const folder = await clusterFile((yaml) => {
      yaml.set('name', 'third');
      yaml.set('masters', [{ name: MEMBER }]);
      yaml.delete('nodes');
    });
    const { code, stderr } = await runKboot(folder, 'init');
    expect(code, stderr).toBe(7);
    expect(stderr).toContain('it belongs to the cluster');
    expect(await on(own.lab, MEMBER, STATE)).toBe(before);
  });

  test('an endpoint that leads to the wrong one is found out before the node is changed', async () => {
    // A first login makes folders and units of its own.
    const folder = await clusterFile((yaml) => {
      const address = own.lab.machines.find(({ name }) => name === FRESH)?.address;
      yaml.set('nodes', [{ name: FRESH, address }]);
      yaml.set('endpoint', `${OTHER_MACHINE}:6443`);
    });
    await runKboot(folder, 'join', '--all', '--dry-run');
    const snapshots = new Snapshots(own);
    await snapshots.take(FRESH);
    const { code, stderr } = await runKboot(folder, 'join', '--all');
    expect(code, stderr).toBe(9);
    expect(stderr).toContain(`${OTHER_MACHINE}:6443`);
    expect(await snapshots.changed(FRESH)).toEqual([]);
    expect(await tokens(own.folder)).not.toContain('bootstrap-token');
    expect(await kubectl(own.folder, ['get', 'nodes', '-o', 'name'])).not.toContain(FRESH);
    expect(await kubectl(others, ['get', 'nodes', '-o', 'name'])).not.toContain(FRESH);
  });

  test('a node joins a master whose name only the operator knows, and both follow to another endpoint', async () => {
    expect(await kbootOk(others, 'join', FRESH)).toContain(FRESH);
    const [onMaster = '', onNode = ''] = await documentedCommands('Give a cluster another endpoint');
    const moved = (block: string) => block.replace('new=api.example.com:6443', `new=${OTHER_MACHINE}:6443`);
    await on(own.lab, OTHER_MACHINE, moved(onMaster));
    await on(own.lab, FRESH, moved(onNode));
    expect(await runKboot(others, 'init', OTHER)).toMatchObject({ code: 0 });
    await kubectl(others, [
      '-n',
      'kube-flannel',
      'rollout',
      'status',
      'daemonset/kube-flannel-ds',
      '--timeout=120s',
    ]);
    await kubectl(others, [
      '-n',
      'kube-system',
      'rollout',
      'status',
      'daemonset/kube-proxy',
      '--timeout=120s',
    ]);
    await kubectl(others, ['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=120s']);
    // A node that joins now is led by what the cluster itself says.
    await kbootOk(others, 'reset', FRESH, '--yes');
    expect(await kbootOk(others, 'join', FRESH)).toContain(FRESH);
    const server = await on(own.lab, FRESH, 'grep server: /etc/kubernetes/kubelet.conf');
    expect(server.trim()).toBe(`server: https://${OTHER_MACHINE}:6443`);
  }, 600_000);
});
