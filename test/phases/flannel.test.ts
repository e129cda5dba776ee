import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { flannel } from '../../src/phases/flannel.ts';
import { contextWith } from '../helpers/phase-context.ts';
import { BUNDLE } from '../helpers/situation.ts';

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
const READY = /\/readyz/;
const APPLY = /apply --server-side/;

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
  expect(wait?.command.argv.at(-1)).toBe('1800');
  expect(wait?.command.timeoutMs).toBeGreaterThan(1_800_000);
});

it('is a mistake of the manifest at once', async () => {
  const context = contextWith({ bundle });
  context.host.on(READY).on(APPLY, { exitCode: 1, stderr: 'error: unknown field "spec.foo"' });
  await expect(flannel.run(context)).rejects.toThrow('unknown field');
});

it('no phase reads a clock that somebody may set', () => {
  for (const name of ['flannel', 'etcd']) {
    expect(readFileSync(new URL(`../../src/phases/${name}.ts`, import.meta.url), 'utf8')).not.toContain(
      'date +',
    );
  }
});
