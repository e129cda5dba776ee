import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { imageSpecs } from '../../src/bundle/build/images.ts';
import { DEFAULT_KUBERNETES, readFlannelLock, readRelease } from '../../src/bundle/build/release.ts';
import { upstreamFiles } from '../../src/bundle/build/upstream/sources.ts';
import { temporaryFolder, writeImage } from './bundle.ts';
import { startRegistry } from './registry.ts';

/** What the projects publish, small, on a file server and in a registry of this machine. */
export interface FakeUpstream {
  /** For `--mirror`. */
  readonly mirrors: readonly string[];
  /** Path on the file server to what is there; a test may change it. */
  readonly files: Map<string, Buffer>;
  /** Puts another image in the place of one. */
  publish(name: string, text: string): Promise<void>;
}

export async function startUpstream(): Promise<FakeUpstream> {
  const dir = await temporaryFolder();
  const release = await readRelease(DEFAULT_KUBERNETES);
  const flannel = await readFlannelLock(release);
  const files = new Map<string, Buffer>();
  for (const file of upstreamFiles(release, flannel, 'amd64')) {
    const content = await contentOf(dir, Object.values(file.files));
    const { pathname } = new URL(file.url);
    files.set(pathname, content);
    if (file.checksums !== undefined) {
      const name = pathname.slice(pathname.lastIndexOf('/') + 1);
      const line = `${createHash('sha256').update(content).digest('hex')}  ${name}\n`;
      const list = new URL(file.checksums).pathname;
      files.set(list, Buffer.concat([files.get(list) ?? Buffer.alloc(0), Buffer.from(line)]));
    }
  }
  const server = createServer((request, response) => {
    const content = files.get(request.url ?? '');
    response.writeHead(content ? 200 : 404).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const http = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry = await startRegistry(dir);
  const publish = (name: string, text: string) => push(dir, registry, name, text);
  for (const { name, kind } of imageSpecs(release, flannel))
    if (kind === 'pod') await publish(name, `from upstream: ${name}`);
  const hosts = ['dl.k8s.io', 'github.com', 'raw.githubusercontent.com'];
  const registries = ['registry.k8s.io', 'ghcr.io'];
  return {
    mirrors: [
      ...hosts.map((host) => `${host}=${http}`),
      ...registries.map((host) => `${host}=http://${registry}`),
    ],
    files,
    publish,
  };
}

/** A program, or a gzipped archive with these members. */
async function contentOf(dir: string, members: readonly string[]): Promise<Buffer> {
  if (members.includes('')) return Buffer.from('#!/bin/sh\necho upstream\n');
  const root = join(dir, 'archive');
  for (const member of members) {
    await mkdir(dirname(join(root, member)), { recursive: true });
    await writeFile(join(root, member), `program ${member}`);
  }
  const archive = join(dir, 'archive.tgz');
  await execa('tar', ['-czf', archive, '-C', root, '--', ...members]);
  return readFile(archive);
}

async function push(dir: string, registry: string, name: string, text: string): Promise<void> {
  const { layout } = await writeImage(join(dir, 'images'), { name, kind: 'pod', roles: [] }, [text]);
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const target = `docker://${registry}/${name.slice(name.indexOf('/') + 1)}`;
  await execa('skopeo', [
    '--insecure-policy',
    'copy',
    '-q',
    '--dest-tls-verify=false',
    `oci:${layout}`,
    target,
  ]);
}
