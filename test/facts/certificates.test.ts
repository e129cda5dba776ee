import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseCertificates, parseFacts } from '../../src/facts/parse.ts';
import { certificatesCommand, factsCommand } from '../../src/facts/questions.ts';
import type { Command } from '../../src/host/command.ts';
import { CA_PEM, OTHER_CA_PEM } from '../fixtures/ca.ts';

const KEY = '-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0IHNlY3JldCBzZWNyZXQ=\n-----END EC PRIVATE KEY-----\n';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const kubeconfig = [
  'clusters:',
  '- cluster:',
  '    server: https://10.0.0.10:6443',
  'users:',
  '- user:',
  `    client-certificate-data: ${base64(CA_PEM)}`,
  `    client-key-data: ${base64(KEY)}`,
  '',
].join('\n');

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kboot-certificates-'));
  await mkdir(join(root, 'etc/kubernetes/pki/etcd'), { recursive: true });
  await mkdir(join(root, 'var/lib/kubelet/pki'), { recursive: true });
  const write = (path: string, text: string) => writeFile(join(root, path), text);
  await write('etc/kubernetes/pki/apiserver.crt', CA_PEM);
  await write('etc/kubernetes/pki/apiserver.key', KEY);
  await write('etc/kubernetes/pki/broken.crt', 'no certificate');
  await write('etc/kubernetes/pki/etcd/server.crt', `${KEY}${OTHER_CA_PEM}${CA_PEM}`);
  await write('etc/kubernetes/admin.conf', kubeconfig);
  await write('var/lib/kubelet/pki/kubelet-client-current.pem', `${CA_PEM}${KEY}`);
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** What a command says of a machine whose files are in `root`. */
async function answerOf({ argv: [shell, ...words] }: Command): Promise<string> {
  const inRoot = words.map((word) =>
    word.replace(/\/(etc\/kubernetes|var\/lib\/kubelet)/g, (path) => `${root}${path}`),
  );
  return (await promisify(execFile)(shell, inRoot)).stdout;
}

it('finds every certificate of a machine, etcd’s and those inside kubeconfigs included', async () => {
  const { certificates, clockMs } = parseCertificates(await answerOf(certificatesCommand), 'm');
  expect(certificates.map(({ path }) => path.slice(root.length))).toEqual([
    '/etc/kubernetes/pki/apiserver.crt',
    '/etc/kubernetes/pki/etcd/server.crt',
    '/var/lib/kubelet/pki/kubelet-client-current.pem',
    '/etc/kubernetes/admin.conf',
  ]);
  for (const { notAfter } of certificates) expect(new Date(notAfter).getUTCFullYear()).toBe(2126);
  expect(Math.abs(clockMs - Date.now())).toBeLessThan(60_000);
});

it('leaves every key where it is, and reads the endpoint of the cluster', async () => {
  const text = await answerOf(factsCommand(''));
  const decoded = text
    .split('\n')
    .filter((line) => line.startsWith('certificate '))
    .map((line) => Buffer.from(line.split(' ')[2] ?? '', 'base64').toString());
  expect(decoded.length).toBeGreaterThan(3);
  for (const each of [text, ...decoded]) expect(each).not.toMatch(/PRIVATE|c2VjcmV0/);
  expect(text).not.toContain(base64(KEY));
  expect(parseFacts(text, 0, 'm').apiServer).toBe('10.0.0.10:6443');
});
