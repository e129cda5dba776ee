import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandLine } from '../../src/host/describe.ts';
import { certificates } from '../../src/phases/certificates.ts';
import { kubeadmInit } from '../../src/phases/kubeadm-init.ts';
import type { FakeHost } from '../helpers/fake-host.ts';
import { contextWith } from '../helpers/phase-context.ts';

/** A machine's file system, as far as these scripts look at it. */
let root: string;
const at = (path: string) => join(root, path);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kboot-power-cut-'));
});
afterEach(() => rm(root, { recursive: true }));

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(at(path), '..'), { recursive: true });
    await writeFile(at(path), content);
  }
}

/** All files below a folder with their content. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(at(folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path.slice(root.length), await readFile(path, 'utf8')])),
  );
}

/** Runs a script that a phase has sent, in the private root, with these programs before the usual ones. */
async function runHere(host: FakeHost, script: RegExp, programs: Readonly<Record<string, string>> = {}) {
  const call = host.calls.find(({ command }) => script.test(commandLine(command)));
  const [, , ...words] = call?.command.argv ?? [];
  for (const [name, body] of Object.entries(programs)) {
    await mkdir(at('/programs'), { recursive: true });
    await writeFile(at(`/programs/${name}`), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  const here = words.map((word) => word.replaceAll(/(?<![\w.$}])\/(etc|var|run)\//g, `${root}/$1/`));
  return execa('sh', ['-c', ...here], {
    env: { PATH: `${at('/programs')}:${process.env['PATH']}`, ROOT: root },
    input: call?.stdin ?? '',
    reject: false,
  });
}

describe('certificates', () => {
  const NEW = '/etc/kubernetes/pki.kboot-new';
  /** Keeps what is there, as kubeadm does, and takes an empty file for an error. */
  const KUBEADM = `
for name in ca.crt ca.key etcd/ca.crt; do
  file=$ROOT${NEW}/$name
  mkdir -p "\${file%/*}"
  if [ -e "$file" ] && [ ! -s "$file" ]; then exit 1; fi
  [ -e "$file" ] || echo "made $name" > "$file"
done`;
  const MADE = { ca: 'made ca.crt\n', key: 'made ca.key\n', etcd: 'made etcd/ca.crt\n' };
  const whole = {
    '/etc/kubernetes/pki/ca.crt': MADE.ca,
    '/etc/kubernetes/pki/ca.key': MADE.key,
    '/etc/kubernetes/pki/etcd/ca.crt': MADE.etcd,
  };

  async function make(kubeadm = KUBEADM) {
    const context = contextWith();
    context.host.on(/make-certificates/);
    await certificates.run(context);
    return runHere(context.host, /make-certificates/, { kubeadm });
  }

  test('are made beside their directory, and get their name when all are there', async () => {
    expect((await make()).stderr).toBe('');
    expect(await filesIn('/etc')).toEqual(whole);
  });

  test('that are there are kept', async () => {
    await put({ '/etc/kubernetes/pki/ca.crt': 'mine', '/etc/kubernetes/pki/ca.key': 'my key' });
    expect((await make()).exitCode).toBe(0);
    expect(await filesIn('/etc')).toEqual({
      ...whole,
      '/etc/kubernetes/pki/ca.crt': 'mine',
      '/etc/kubernetes/pki/ca.key': 'my key',
    });
  });

  test('that are all there stay the same files', async () => {
    await put(whole);
    const { ino } = await stat(at('/etc/kubernetes/pki'));
    expect((await make()).exitCode).toBe(0);
    expect((await stat(at('/etc/kubernetes/pki'))).ino).toBe(ino);
    expect(await filesIn('/etc')).toEqual(whole);
  });

  test('leave the directory alone when kubeadm fails, and are made by the next try', async () => {
    await put({ '/etc/kubernetes/pki/ca.crt': 'mine' });
    expect((await make(`${KUBEADM}\nexit 1`)).exitCode).toBe(1);
    expect((await filesIn('/etc/kubernetes/pki'))['/etc/kubernetes/pki/ca.crt']).toBe('mine');
    expect(Object.keys(await filesIn('/etc/kubernetes/pki'))).toHaveLength(1);
    expect((await make()).exitCode).toBe(0);
    expect(Object.keys(await filesIn('/etc/kubernetes'))).toEqual(Object.keys(whole));
  });

  test.each([
    ['before it was whole', { [`${NEW}/ca.crt`]: '', [`${NEW}/etc/ca.crt`]: '' }],
    [
      'between the two names',
      { '/etc/kubernetes/pki.kboot-old/ca.crt': MADE.ca, [`${NEW}/ca.crt`]: MADE.ca },
    ],
    ['before the old one was away', { ...whole, '/etc/kubernetes/pki.kboot-old/ca.crt': 'older' }],
  ])('are whole after a cut %s', async (_when, left) => {
    await put(left);
    expect((await make()).exitCode).toBe(0);
    expect(await filesIn('/etc')).toEqual(whole);
  });
});

test("files that a power cut left empty do not reach kubeadm's next try, and nobody else's go", async () => {
  const kept = {
    '/etc/kubernetes/kubelet.conf': 'apiVersion: v1',
    '/etc/kubernetes/notes': '',
    '/etc/kubernetes/audit/a/deep.yaml': '',
    '/var/lib/kubelet/config.yaml': 'kind: KubeletConfiguration',
    '/var/lib/kubelet/pods/a/empty.yaml': '',
    '/var/lib/kubelet/pki/kubelet.crt': 'PEM',
  };
  await put({
    ...kept,
    '/etc/kubernetes/admin.conf': '',
    '/etc/kubernetes/manifests/kube-apiserver.yaml': '',
    '/etc/kubernetes/pki/ca.crt': '',
    '/var/lib/kubelet/kubeadm-flags.env': '',
    '/var/lib/kubelet/cpu_manager_state': '',
    '/var/lib/kubelet/pki/kubelet-client-2026.pem': '',
  });
  const context = contextWith();
  context.host
    .on(/former-transient/, 'none')
    .on(/remove-empty-files/)
    .on(/start-transient/)
    .on(/wait-for-transient/, { exitCode: 1, stdout: 'error: no' });
  await expect(kubeadmInit.run(context)).rejects.toThrow('kubeadm init failed');
  expect((await runHere(context.host, /remove-empty-files/)).stderr).toBe('');
  expect(await filesIn('/')).toEqual(kept);
});
