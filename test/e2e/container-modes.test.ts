import { beforeAll, expect, test } from 'vitest';
import {
  installSystemContainer,
  listSystemContainers,
  pruneSystemContainers,
  rollbackSystemContainer,
  runOnce,
  type SystemImage,
  startSystemContainer,
  storedImages,
  uninstallSystemContainer,
  updateSystemContainer,
  useRemoteRootfs,
} from '../../src/system-container/index.ts';
import {
  BLOBS,
  compileTestProgram,
  PROGRAM_CONFIG,
  STORE,
  useContainerLab,
} from '../helpers/container-lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { directory, file, type Member, makeImage, makeLayer } from '../system-container/make-image.ts';

const ROOT = '/var/lib/containers/atomic';
const RUNTIME = '/usr/local/bin/runc';

describeE2e('special modes on a real machine', () => {
  const lab = useContainerLab();
  const { sh, snapshot, send, install } = lab;
  let base: Awaited<ReturnType<typeof makeLayer>>;
  const common = () => ({ runtime: RUNTIME, capabilities: lab.capabilities, blobDirs: [BLOBS] });

  beforeAll(async () => {
    base = await makeLayer([
      directory('./'),
      directory('bin/'),
      directory('usr/'),
      file('bin/program', await compileTestProgram(lab.own.folder), 0o755),
      directory('proc/'),
      directory('state/'),
    ]);
  });

  async function build(
    name: string,
    members: readonly Member[],
    config: object = PROGRAM_CONFIG,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<SystemImage> {
    const own = await makeLayer([
      file('exports/config.json.template', JSON.stringify(config)),
      file('exports/manifest.json', JSON.stringify({ defaultValues: { GREETING: name } })),
      ...members,
    ]);
    await send([base, own]);
    return makeImage(`example/${name}:latest`, [base, own], labels);
  }

  test.each([true, false])(
    'an image to be run once ends, and leaves nothing (read-only root: %s)',
    async (readonly) => {
      const before = await snapshot();
      const config = {
        ...PROGRAM_CONFIG,
        root: { path: 'rootfs', readonly },
        process: {
          ...PROGRAM_CONFIG.process,
          args: ['/bin/sh', '-c', 'echo $GREETING; echo there is more >&2; exit 3'],
        },
        mounts: [
          ...['bin', 'lib', 'lib64', 'usr'].map((name) => ({
            ...{ destination: `/${name}`, type: 'bind', source: `/${name}`, options: ['rbind', 'ro'] },
          })),
          { destination: '/proc', type: 'proc', source: 'proc' },
        ],
      };
      const image = await build(
        'once',
        [
          directory('lib/'),
          directory('lib64/'),
          file('exports/tmpfiles.template', 'd /run/kbonce 0700 0 0 - -\nR /run/kbonce\n'),
        ],
        config,
        { 'atomic.run': 'once' },
      );
      const result = await runOnce(lab.host, {
        image,
        name: 'once',
        values: { GREETING: 'hi' },
        ...common(),
      });
      expect(result).toMatchObject({ exitCode: 3, stdout: 'hi\n' });
      expect(result.stderr).toContain('there is more');
      expect(await sh('ls /run/kbonce 2>&1 || true; runc list -q')).toContain('No such file');
      await expect(install(image, 'once')).rejects.toThrow('run once');
      expect(await listSystemContainers(lab.host)).toEqual([]);
      // Its layers are kept for the next time, until somebody prunes.
      const garbage = await pruneSystemContainers(lab.host);
      expect(garbage.layers.length).toBe(2);
      await sh('rm -r /var/lib/containers');
      expect(await snapshot()).toBe(before);
    },
  );

  test('a root filesystem of the machine is used where it is', async () => {
    const image = await build('source', [file('exports/hostfs/etc/kbremote', 'from the remote\n')]);
    await install(image, 'source');
    const { image: found, remote } = await useRemoteRootfs(lab.host, image, `${ROOT}/source.0`);
    expect(remote).toMatchObject({ inFolder: true, rootfs: `${ROOT}/source.0/rootfs` });
    await uninstallSystemContainer(lab.host, 'source');
    await expect(useRemoteRootfs(lab.host, image, `${ROOT}/source.0`)).rejects.toThrow('does not exist');
    await expect(useRemoteRootfs(lab.host, image, '/etc')).rejects.toThrow('does not contain a rootfs');

    await install(image, 'source');
    await sh('rm -f /etc/kbremote');
    const request = { image: found, remote, name: 'far', ...common() };
    await installSystemContainer(lab.host, request);
    expect(
      await sh(`readlink ${ROOT}/far.0/rootfs; grep '"path"' ${ROOT}/far.0/config.json; cat /etc/kbremote`),
    ).toBe(`${ROOT}/source.0/rootfs\n        "path": "${ROOT}/source.0/rootfs",\nfrom the remote\n`);
    await startSystemContainer(lab.host, 'far');
    expect(
      await sh(
        'for i in 1 2 3 4 5 6 7 8 9; do [ -s /var/lib/far/out ] && break; sleep 0.2; done; cat /var/lib/far/out',
      ),
    ).toBe('source');
    for (const greeting of ['two', 'three', 'four']) {
      const { messages } = await updateSystemContainer(lab.host, {
        ...request,
        values: { GREETING: greeting },
      });
      expect(messages[0]).toBe(
        'Updating a container with a remote rootfs. Only changes to config will be applied.',
      );
    }
    expect(await sh('sleep 0.5; cat /var/lib/far/out')).toBe('four');
    await rollbackSystemContainer(lab.host, 'far');
    expect(await sh('sleep 0.5; cat /var/lib/far/out')).toBe('three');
    await uninstallSystemContainer(lab.host, 'far');
    expect(await sh(`ls ${ROOT}/source.0/rootfs/bin`)).toBe('program\n');
    await uninstallSystemContainer(lab.host, 'source');
    await sh('rm -rf /var/lib/far /var/lib/source');
  });

  test('two images that share a base have it on the disk once', async () => {
    const big = await makeLayer([file('usr/share/data', Buffer.alloc(3_000_000, 'x'))]);
    const images = await Promise.all(
      ['left', 'right'].map(async (name) => {
        const own = await makeLayer([
          file('exports/config.json', '{}'),
          file(`exports/hostfs/etc/kb-${name}`, name),
        ]);
        await send([base, big, own]);
        return makeImage(`example/${name}`, [base, big, own]);
      }),
    );
    for (const image of images) await install(image, image.name.slice(8));
    const bytes = async (path: string) => Number((await sh(`du -s --block-size=1 ${path}`)).split('\t')[0]);
    const each = await Promise.all(['left', 'right'].map((name) => bytes(`${ROOT}/${name}.0`)));
    const all = await bytes(ROOT);
    const sum = each.reduce((total, size) => total + size, 0);
    expect(sum).toBeGreaterThan(7_000_000);
    // What is there beside the layers: folders, and the texts of the deployments.
    expect(all).toBeLessThan(sum - 3_000_000 + 500_000);
    const stored = await storedImages(lab.host);
    const total = [...stored.layerBytes.values()].reduce((size, layer) => size + layer, 0);
    expect(Math.abs(total - (await bytes(STORE)))).toBeLessThan(20_000);
    expect(stored.images.map(({ name, deployments }) => [name, deployments]).sort()).toEqual([
      ['example/left', ['left.0']],
      ['example/right', ['right.0']],
    ]);
    for (const name of ['left', 'right']) await uninstallSystemContainer(lab.host, name);
    expect(await sh('ls -A /var/lib/containers 2>/dev/null || true')).toBe('');
  });

  test('what would be installed is said, and nothing done', async () => {
    const before = await snapshot();
    const image = await build('shown', [file('exports/hostfs/etc/kbshown', 'x')]);
    const { status, messages } = await installSystemContainer(lab.host, {
      ...{ image, name: 'shown', display: true },
      ...common(),
    });
    expect(status).toBe('displayed');
    expect(messages).toEqual([
      `Extracting to ${ROOT}/shown.0`,
      'would create /etc/kbshown',
      'would create /etc/systemd/system/shown.service',
      'would create /etc/tmpfiles.d/shown.conf',
      'would create the directory /var/lib/shown',
    ]);
    expect(await snapshot()).toBe(before);
  });

  test('a deployment whose link is lost is garbage, and so is a layer of nobody', async () => {
    const before = await snapshot();
    const image = await build('lost', []);
    await install(image, 'lost');
    await install(await build('stays', []), 'stays');
    await sh(`rm ${ROOT}/lost`);
    const { deployments, layers } = await pruneSystemContainers(lab.host);
    expect(deployments).toEqual(['lost.0']);
    expect(layers.length).toBe(1);
    expect(await sh(`ls ${ROOT}; ls ${STORE} | wc -l`)).toBe('stays\nstays.0\n2\n');
    await uninstallSystemContainer(lab.host, 'stays');
    await sh(
      'rm -f /etc/systemd/system/lost.service /etc/tmpfiles.d/lost.conf /etc/systemd/system/multi-user.target.wants/lost.service; rm -rf /var/lib/lost /var/lib/stays; systemctl daemon-reload',
    );
    expect(await snapshot()).toBe(before);
  });
});
