import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { main } from '../../../src/cli/main.ts';
import { testIo } from '../../helpers/io.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-masters-'));
  const text = 'apiVersion: kboot/v1\nkind: Cluster\nmasters: [m1, m2, m3]\nnodes: [n1]\n';
  await writeFile(join(folder, 'kboot.yaml'), text);
  return () => rm(folder, { recursive: true });
});

test.each([['init'], ['init', 'm1'], ['join', '--all'], ['join', 'n1'], ['init', '--dry-run']])(
  'more than one master is refused instead of ignored: %s %s',
  async (...argv) => {
    const io = testIo(argv, { home: folder, cwd: folder });
    expect(await main(io)).toBe(3);
    expect(io.stderr.text).toContain('kboot makes clusters of one master so far, and it lists 3');
    expect(io.stderr.text).toContain('leave m1 alone under masters; m2 and m3 can be nodes');
  },
);
