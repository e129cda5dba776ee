import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openImage } from '../../src/bundle/image-source/open.ts';
import { parseImageReference } from '../../src/bundle/image-source/reference.ts';
import { hexOf } from '../../src/bundle/select.ts';
import { CHECKOUT_ROOT, STATE_DIR } from '../../src/cluster/paths.ts';
import type { Facts } from '../../src/facts/facts.ts';
import { type OpenedImage, readImage } from '../../src/phases/containers/image.ts';
import { requireSpace } from '../../src/plan/preflight/layer-space.ts';
import { clusterStateOf, factsWith, stateWith } from '../helpers/cluster-state.ts';
import { Layout } from '../helpers/layout.ts';
import { directory, file } from '../system-container/make-image.ts';

/** An image whose only layer takes 30 MB once it is unpacked, and next to nothing before. */
async function opened(dir: string): Promise<OpenedImage> {
  const layout = await Layout.make(join(dir, 'oci'));
  const members = [
    directory('exports/'),
    file('exports/config.json', '{}'),
    file('exports/manifest.json', '{}'),
    file('zeros', '\0'.repeat(30_000_000)),
  ];
  await layout.writeIndex(await layout.image({ members }));
  const source = await openImage(parseImageReference(`oci:${layout.dir}`, dir), {
    bundle: () => Promise.reject(new Error('nobody asked for the bundle')),
    ...{ cacheDir: dir, arch: 'amd64', env: {} },
  });
  return readImage(source, dir);
}

const KIB = 1024;
const machine = (facts: Partial<Facts>) => stateWith('m1', 'master', { facts: factsWith(facts) });
const disks = (state: number, store: number, storeMount = '/') =>
  new Map([
    [STATE_DIR, { freeKiB: state / KIB, mount: '/' }],
    [CHECKOUT_ROOT, { freeKiB: store / KIB, mount: storeMount }],
  ]);

describe('room for the layers of an image', () => {
  let image: OpenedImage | undefined;
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kboot-space-'));
    image = await opened(dir);
    return () => rm(dir, { recursive: true });
  });
  const layer = () => image?.source.layers[0];
  const ask = (facts: Partial<Facts>) => () => requireSpace(clusterStateOf(machine(facts)), () => image);

  it('is refused where a small layer unpacks to more than is free', () => {
    expect(ask({ disks: disks(125_000_000, 125_000_000) })).toThrow(
      expect.objectContaining({
        code: 'PREFLIGHT_FAILED',
        message: expect.stringMatching(
          /^nothing was changed: 1 problems\n {2}m1: \/var\/lib\/containers\/atomic has 125\.0 MB free, 130\.\d MB are needed for the layers of the image\n {4}free some space or grow the disk; kboot containers prune deletes what no container needs$/,
        ),
      }),
    );
  });

  it('is there', () => {
    expect(ask({ disks: disks(500_000_000, 500_000_000) })).not.toThrow();
    expect(ask({ disks: disks(1_000_000, 500_000_000, '/var/lib/containers') })).not.toThrow();
  });

  it('is asked of each disk for what goes there', () => {
    expect(ask({ disks: disks(500_000_000, 125_000_000, '/var/lib/containers') })).toThrow(
      'm1: /var/lib/containers/atomic has 125.0 MB free',
    );
    expect(ask({ disks: disks(100, 500_000_000, '/var/lib/containers') })).toThrow(
      'm1: /var/lib/kboot has 0.0 MB free',
    );
  });

  it('is not needed for layers that the machine has unpacked, nor to send those that are there', () => {
    const hex = hexOf(layer()?.digest ?? '');
    expect(ask({ disks: disks(0, 0), layers: new Set([hex]) })).not.toThrow();
    const staged = new Map([[hex, layer()?.size ?? 0]]);
    expect(ask({ disks: disks(0, 500_000_000, '/mnt'), staged })).not.toThrow();
  });

  it('is not asked of a machine that gets no image, nor where nothing is known', () => {
    const clusterState = clusterStateOf(machine({ disks: disks(0, 0) }));
    expect(() => requireSpace(clusterState, () => undefined)).not.toThrow();
    expect(ask({ disks: new Map() })).not.toThrow();
  });
});
