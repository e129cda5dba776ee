import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { buildBundle, DEFAULT_KUBERNETES } from '../../../../src/bundle/build/build.ts';
import type { ProgressEvent } from '../../../../src/bundle/build/progress.ts';
import { readFlannelLock, readRelease } from '../../../../src/bundle/build/release.ts';
import { publishedChecksum } from '../../../../src/bundle/build/upstream/fill-lock.ts';
import { readUpstreamLock } from '../../../../src/bundle/build/upstream/lock.ts';
import { renewUpstreamLock } from '../../../../src/bundle/build/upstream/renew-lock.ts';
import { upstreamFiles } from '../../../../src/bundle/build/upstream/sources.ts';
import type { Bundle } from '../../../../src/bundle/open.ts';
import { verifyBundle } from '../../../../src/bundle/verify.ts';
import { temporaryFolder } from '../../../helpers/bundle.ts';
import { startUpstream } from '../../../helpers/upstream.ts';

const MINUTES = 60_000;

async function workshop(mirrors: readonly string[]) {
  const cacheDir = await temporaryFolder();
  const lockFile = join(cacheDir, 'upstream.lock.json');
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent) => events.push(event);
  const common = { kubernetes: DEFAULT_KUBERNETES, cacheDir, mirrors, lockFile, onProgress };
  return {
    cacheDir,
    lockFile,
    events,
    pin: () => renewUpstreamLock({ ...common, arch: 'amd64' }),
    build: () => buildBundle({ ...common, source: 'upstream' }),
  };
}

/** Members of all layers of an image, with their content when asked for one. */
async function membersOf(bundle: Bundle, name: string): Promise<readonly string[]> {
  const image = bundle.lock.images.find((candidate) => candidate.name === name);
  const lists = (image?.layers ?? []).map(({ digest }) => execa('tar', ['-tzf', bundle.blobPath(digest)]));
  return (await Promise.all(lists)).flatMap(({ stdout }) => stdout.split('\n'));
}

it('refuses to take anything that is not pinned, naming all of it at once', async () => {
  const { build } = await workshop([]);
  const error = (await build().catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({
    code: 'BUILD_FAILED',
    hint: `where the internet is reachable: kboot bundle lock --kubernetes ${DEFAULT_KUBERNETES}; then check and commit what it wrote`,
  });
  expect(error.message.split('\n')).toEqual([
    'no checksum is committed for:',
    ...upstreamFiles(await release(), await flannel(), 'amd64').map(({ url }) => url),
    ...[
      'pause:3.10.2',
      'kube-apiserver:v1.37.2',
      'kube-controller-manager:v1.37.2',
      'kube-scheduler:v1.37.2',
      'kube-proxy:v1.37.2',
    ].map((name) => `registry.k8s.io/${name}`),
    ...(await flannel()).images.toReversed(),
    'registry.k8s.io/coredns/coredns:v1.14.6',
  ]);
});

const release = () => readRelease(DEFAULT_KUBERNETES);
const flannel = async () => readFlannelLock(await release());

it(
  'builds a bundle of what is published, from mirrors, and takes nothing else than what was pinned',
  async () => {
    const upstream = await startUpstream();
    await publishManifest(upstream.files);
    const { build, pin, events, cacheDir, lockFile } = await workshop(upstream.mirrors);
    expect(await pin()).toBe(lockFile);

    const bundle = await build();
    await verifyBundle(bundle);
    expect(bundle.lock).toMatchObject({ source: 'upstream', kubernetes: DEFAULT_KUBERNETES });
    expect(bundle.lock.versions).toMatchObject({ 'flannel-cni-plugin': 'v1.9.1-flannel3', etcd: 'v3.7.3' });
    expect(await membersOf(bundle, 'kboot/kubelet:v1.37.2')).toEqual(
      expect.arrayContaining([
        'usr/bin/kubelet',
        'usr/bin/kubeadm',
        'usr/bin/kubectl',
        'usr/bin/kubelet-start',
      ]),
    );
    expect(await membersOf(bundle, 'kboot/node-runtime:v1.37.2')).toEqual(
      expect.arrayContaining(
        ['usr/local/bin/containerd', 'usr/local/bin/runc', 'opt/cni/bin/portmap', 'opt/cni/bin/flannel'].map(
          (path) => `exports/hostfs/${path}`,
        ),
      ),
    );
    expect(await membersOf(bundle, 'kboot/etcd:v1.37.2')).toContain('usr/local/bin/etcdutl');

    // Tags may move; what is pinned by digest does not.
    await upstream.publish('registry.k8s.io/kube-proxy:v1.37.2', 'somebody else');
    events.length = 0;
    expect((await build()).digest).toBe(bundle.digest);
    expect(events.filter(({ state }) => state !== 'skip')).toEqual([]);

    await refusesAChangedFile(upstream.files, lockFile, upstream.mirrors);
    await refusesAnImageThatIsNotThere(lockFile, build, cacheDir);
  },
  5 * MINUTES,
);

/** The manifest is the one whose checksum the project has committed. */
async function publishManifest(files: Map<string, Buffer>): Promise<void> {
  const { url, module, version, path } = await flannel();
  const { stdout } = await execa('go', ['mod', 'download', '-json', `${module}@${version}`]);
  const { Dir: dir } = JSON.parse(stdout) as { Dir: string };
  files.set(new URL(url).pathname, await readFile(join(dir, path)));
}

async function refusesAChangedFile(files: Map<string, Buffer>, lockFile: string, mirrors: readonly string[]) {
  const path = '/release/v1.37.2/bin/linux/amd64/kubelet';
  const whole = files.get(path) ?? Buffer.alloc(0);
  files.set(path, Buffer.from('changed'));
  const other = await workshop(mirrors);
  await writeFile(other.lockFile, await readFile(lockFile));
  await expect(other.build()).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringMatching(/kubelet: expected sha256:\w+, found sha256:\w+$/),
  });
  await expect(other.pin()).rejects.toThrow(/kubelet: its SHA-256 is \w+, .*kubelet\.sha256 says \w+/);
  files.set(path, whole);
}

async function refusesAnImageThatIsNotThere(
  lockFile: string,
  build: () => Promise<Bundle>,
  cacheDir: string,
) {
  const lock = await readUpstreamLock(lockFile);
  const images = { ...lock.images, 'registry.k8s.io/pause:3.10.2': `sha256:${'0'.repeat(64)}` };
  await mkdir(cacheDir, { recursive: true });
  await writeFile(lockFile, JSON.stringify({ ...lock, images }));
  await expect(build()).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringContaining(`pause@sha256:${'0'.repeat(64)}`),
  });
}

it.each([
  ['abc123\n', 'kubelet', 'abc123'],
  ['abc123  kubelet\n', 'kubelet', 'abc123'],
  ['a1  other\nb2 *./runc.amd64\n', 'runc.amd64', 'b2'],
  ['a1  other\nb2  runc.arm64\n', 'runc.amd64', undefined],
  ['', 'kubelet', undefined],
])('reads a project’s checksums %j for %s', (list, name, expected) => {
  expect(publishedChecksum(list, name)).toBe(expected);
});
