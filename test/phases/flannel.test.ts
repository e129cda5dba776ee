import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { flannel } from '../../src/phases/flannel.ts';
import { BUNDLE } from '../helpers/cluster-state.ts';
import { contextWith } from '../helpers/phase-context.ts';

const MANIFEST = [
  'kind: ConfigMap\nmetadata: { name: c }\ndata: { "cni-conf.json": "{}", "net-conf.json": "{}" }\n',
  `kind: DaemonSet
metadata: { name: d }
spec:
  template:
    spec:
      initContainers: [{ name: i, volumeMounts: [{ name: cni, mountPath: /etc/cni/net.d }] }]
      containers: [{ name: kube-flannel, volumeMounts: [] }]
`,
].join('---\n');

const bundle = { ...BUNDLE, readManifest: async () => MANIFEST };
const READY = /^sudo wait-for-api\.sh /;
const APPLY = /^sudo apply-manifest\.sh /;

it('is applied again until kubeadm has bound the administrators', async () => {
  const context = contextWith({ bundle });
  const forbidden =
    'Error from server (Forbidden): daemonsets.apps "d" is forbidden: User "kubernetes-admin" cannot patch';
  context.host
    .on(READY)
    .once(APPLY, { exitCode: 1, stderr: forbidden })
    .once(APPLY, { exitCode: 1, stderr: 'The connection to the server m:6443 was refused' })
    .on(APPLY);
  await flannel.run(context);
  const applied = context.host.calls.filter(({ stdin }) => stdin.includes('kind: DaemonSet'));
  expect(applied).toHaveLength(3);
  expect(context.told).toContain('waiting for permission to apply the pod network');
});

it('waits for the API as long as kboot.yaml says', async () => {
  const context = contextWith({ bundle });
  context.host.on(READY).on(APPLY);
  await flannel.run({ ...context, cluster: { ...context.cluster, waitMs: 1_800_000 } });
  const [wait] = context.host.calls;
  expect(wait?.command.argv.slice(4, 6)).toEqual(['1800', 'kboot-kubeadm-init']);
  expect(wait?.command.timeoutMs).toBeGreaterThan(1_800_000);
});

it('says what the API answered last, and what to do, when it waited in vain', async () => {
  const context = contextWith({ bundle });
  context.host.on(READY, { exitCode: 75, stderr: '[-]poststarthook/rbac failed\n' });
  await expect(flannel.run(context)).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringMatching(/: the API: not there after \d+ s: \[-\]poststarthook\/rbac failed$/),
    hint: expect.stringContaining('wait: in kboot.yaml'),
  });
});

describe('the wait for the API, on a machine', () => {
  /** Runs the script with a kubectl that never succeeds, and a kubeadm that works for so many questions. */
  async function wait(busyFor: number) {
    const folder = await mkdtemp(join(tmpdir(), 'kboot-flannel-'));
    try {
      const context = contextWith({ bundle });
      context.host.on(READY).on(APPLY);
      await flannel.run(context);
      const [sh = '', ...words] = context.host.calls[0]?.command.argv ?? [];
      const asked = join(folder, 'asked');
      const programs = {
        kubectl: `echo not ready >&2; exit 1`,
        sleep: 'exit 0',
        cut: `wc -l < ${asked}`,
        systemctl: `echo asked >> ${asked}; [ "$(wc -l < ${asked})" -le ${busyFor} ]`,
      };
      await writeFile(asked, '');
      await writeFile(join(folder, 'admin.conf'), '');
      for (const [name, body] of Object.entries(programs))
        await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      const here = words.map((word) =>
        word === '600' ? '3' : word.replace('/etc/kubernetes/admin.conf', join(folder, 'admin.conf')),
      );
      const { exitCode, stderr } = await execa(sh, here, {
        env: { PATH: `${folder}:${process.env['PATH']}` },
        reject: false,
      });
      return { exitCode, stderr, asked: (await readFile(asked, 'utf8')).trim().split('\n').length };
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it.each([0, 20])('has its limit after kubeadm has ended, here after %i questions', async (busyFor) => {
    const { exitCode, stderr, asked } = await wait(busyFor);
    expect([exitCode, stderr]).toEqual([75, 'not ready']);
    expect(asked).toBeGreaterThanOrEqual(busyFor + 3);
  });
});

it('is a mistake of the manifest at once', async () => {
  const context = contextWith({ bundle });
  context.host.on(READY).on(APPLY, { exitCode: 1, stderr: 'error: unknown field "spec.foo"' });
  await expect(flannel.run(context)).rejects.toThrow('unknown field');
});

it('no phase reads a clock that somebody may set', () => {
  for (const name of ['api', 'etcd', 'transient']) {
    const script = new URL(`../../remote/phases/wait-for-${name}.sh`, import.meta.url);
    expect(readFileSync(script, 'utf8')).not.toContain('date +');
  }
});
