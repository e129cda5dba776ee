import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { IMAGES_DIR } from '../../src/bundle/build/release.ts';
import { temporaryFolder } from '../helpers/bundle.ts';

/** Runs the real script with another root for its files and a kubelet that prints its arguments. */
async function start(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  ...argv: readonly string[]
): Promise<readonly string[]> {
  const root = await temporaryFolder();
  const script = await readFile(join(IMAGES_DIR, 'kubelet/rootfs/usr/bin/kubelet-start'), 'utf8');
  const moved = script.replace(
    /(?<=\s)(\/var\/lib\/kubelet\/\S+\.env|\/etc\/(default|sysconfig)\/kubelet)/g,
    `${root}$1`,
  );
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await writeFile(join(root, 'kubelet'), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  await chmod(join(root, 'kubelet'), 0o755);
  const runnable = moved.replace('exec /usr/bin/kubelet ', `exec ${root}/kubelet `);
  await writeFile(join(root, 'start'), runnable);
  return (await execa('sh', [join(root, 'start'), ...argv], { env })).stdout.split('\n');
}

const ALWAYS = [
  '--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf',
  '--kubeconfig=/etc/kubernetes/kubelet.conf',
  '--config=/var/lib/kubelet/config.yaml',
];

it('starts without any of its files', async () => {
  expect(await start({})).toEqual(ALWAYS);
});

it('takes kubeadm’s flags, then the administrator’s', async () => {
  const flags = await start({
    'var/lib/kubelet/kubeadm-flags.env':
      'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --node-ip=192.0.2.1"\n',
    'etc/default/kubelet': 'KUBELET_EXTRA_ARGS=--v=4\n',
  });
  expect(flags).toEqual([
    ...ALWAYS,
    '--container-runtime-endpoint=unix:///run/containerd/containerd.sock',
    '--node-ip=192.0.2.1',
    '--v=4',
  ]);
});

it('starts without kubeadm by the values of the install; the administrator’s flags come last', async () => {
  const env = {
    KUBELET_BOOTSTRAP_KUBECONFIG: '',
    KUBELET_KUBECONFIG: '/srv/kubelet.conf',
    KUBELET_CONFIG: '/srv/kubelet.yaml',
    KUBELET_ARGS: '--node-ip=192.0.2.1 --v=2',
  };
  expect(await start({ 'etc/sysconfig/kubelet': 'KUBELET_EXTRA_ARGS="--v=4"\n' }, env)).toEqual([
    '--bootstrap-kubeconfig=',
    '--kubeconfig=/srv/kubelet.conf',
    '--config=/srv/kubelet.yaml',
    '--node-ip=192.0.2.1',
    '--v=2',
    '--v=4',
  ]);
});

it('hands over the arguments of an ordinary container', async () => {
  expect(await start({}, {}, '--version')).toEqual([...ALWAYS, '--version']);
});
