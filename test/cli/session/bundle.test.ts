import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isUnbuilt } from '../../../src/bundle/none.ts';
import { bundleToLookAt } from '../../../src/cli/session/bundle.ts';
import type { Run } from '../../../src/cli/verb.ts';
import { loadCluster } from '../../../src/config/load.ts';
import type { Event } from '../../../src/lib/events.ts';
import { testIo } from '../../helpers/io.ts';

test('a dry run builds no bundle: it says that there is none yet', async () => {
  const home = await mkdtemp(join(tmpdir(), 'kboot-unbuilt-'));
  try {
    const file = join(home, 'kboot.yaml');
    await writeFile(file, 'apiVersion: kboot/v1\nkind: Cluster\nmasters: [m]\n');
    const { cluster } = await loadCluster(file, home);
    const events: Event[] = [];
    const run: Run = {
      ...{ io: testIo([], { home }), file, verb: 'init', report: (event) => void events.push(event) },
      log: { path: '', write: () => {}, close: () => {} },
    };
    expect(isUnbuilt(await bundleToLookAt(run, cluster))).toBe(true);
    expect(events).toMatchObject([{ type: 'note', text: expect.stringContaining('is not built yet') }]);
    expect(await readdir(home)).toEqual(['kboot.yaml']);
  } finally {
    await rm(home, { recursive: true });
  }
});
