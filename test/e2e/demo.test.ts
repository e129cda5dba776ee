import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labDown } from '../../src/lab/lab.ts';
import { containerName } from '../../src/lab/names.ts';
import { CLUSTER_TIMEOUT_MS, MACHINES, MASTER } from '../helpers/cluster.ts';
import { freshLabName } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

const DEMO = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));

describeE2e('the demo', () => {
  const lab = freshLabName();
  let folder = '';
  const state = () => ({ ...env, XDG_STATE_HOME: folder });
  const demo = (...more: string[]) =>
    execa(execPath, [DEMO, '--name', lab, '--folder', join(folder, 'demo'), ...more], {
      env: state(),
      reject: false,
      stdin: 'ignore',
    });
  /** The rows of the table: ok or FAIL, and what was checked where. */
  const rowsOf = (stdout: string) =>
    [...stdout.matchAll(/^(ok|FAIL) {2,}(\S.*?) {2,}(\S+) {2,}(\S.*)$/gm)].map(([, ...cells]) => cells);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kboot-demo-'));
  });
  afterAll(async () => {
    await labDown(lab, {}, { env: state(), home: folder });
    await rm(folder, { recursive: true, force: true });
  });

  test('makes a cluster, and shows what it measured on it', { timeout: CLUSTER_TIMEOUT_MS }, async () => {
    const { stdout, stderr, exitCode } = await demo();
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const rows = rowsOf(stdout);
    expect(rows.map(([result]) => result)).toEqual(Array(12).fill('ok'));
    expect(rows.filter(([, what]) => what === 'node')).toEqual(
      MACHINES.map((machine) => ['ok', 'node', machine, 'Ready, Kubernetes v1.37.2']),
    );
    expect(rows).toContainEqual(['ok', 'system containers', MASTER, 'etcd, kubelet, node-runtime']);
    expect(stderr).toContain(`kboot lab down --name ${lab}`);
  });

  test('again, it changes nothing and finds the same', async () => {
    const { stdout, stderr, exitCode } = await demo();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^no changes: master\.example\.com/m);
    expect(stdout).toMatch(/^no changes: node1\.example\.com, node2\.example\.com/m);
    expect(stderr).toContain(`lab ${lab} was up already: no changes`);
  });

  test('fails when one thing is not true', async () => {
    const stop = [
      'kubectl',
      '--kubeconfig',
      '/etc/kubernetes/admin.conf',
      'delete',
      'service',
      '-n',
      'kube-system',
    ];
    await execa('podman', ['exec', containerName(lab, MASTER), ...stop, 'kube-dns']);
    const { stdout, stderr, exitCode } = await demo('--patience', '5');
    expect(exitCode).toBe(1);
    const failed = rowsOf(stdout).filter(([result]) => result === 'FAIL');
    expect(failed.map(([, what]) => what)).toEqual([
      ...['CoreDNS', 'CoreDNS'],
      ...['Service by name', 'Service by name'],
    ]);
    expect(stderr).toContain('demo: 4 of 12 checks failed');
  });

  test("leaves somebody else's kboot.yaml alone", async () => {
    const file = join(folder, 'demo/kboot.yaml');
    await writeFile(file, 'mine\n');
    const { stdout, stderr, exitCode } = await demo();
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain("is not the demo's: move it away");
    expect(await readFile(file, 'utf8')).toBe('mine\n');
  });
});
