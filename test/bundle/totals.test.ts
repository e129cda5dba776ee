import { expect, it } from 'vitest';
import { totalsOf } from '../../src/bundle/totals.ts';
import { smallBundle } from '../helpers/bundle.ts';

it('counts a shared layer once on the wire, and a node less than a master', async () => {
  const { lock } = await smallBundle();
  const [master, node] = totalsOf(lock);
  const [kubelet, apiserver, proxy] = lock.images;
  const sizes = (...blobs: ({ size: number } | undefined)[]) =>
    blobs.reduce((sum, b) => sum + (b?.size ?? 0), 0);
  const forNode = sizes(...(kubelet?.layers ?? []), proxy?.manifest, proxy?.config);
  expect(node).toMatchObject({ role: 'node', images: 2, sent: forNode });
  expect(master).toMatchObject({
    role: 'master',
    images: 3,
    sent: forNode + sizes(apiserver?.manifest, apiserver?.config, ...(apiserver?.layers ?? [])),
  });
  expect(master?.disk).toBeGreaterThan(node?.disk ?? 0);
});
