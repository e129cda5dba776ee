import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { manifestFromModule } from '../../../src/bundle/build/manifest.ts';
import { DEFAULT_KUBERNETES, readFlannelLock, readRelease } from '../../../src/bundle/build/release.ts';
import { Steps } from '../../../src/bundle/build/steps.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';

const flannel = await readFlannelLock(await readRelease(DEFAULT_KUBERNETES));

it('takes flannel’s manifest out of its module: YAML with the images of the lock', async () => {
  const path = await manifestFromModule(flannel, new Steps(await temporaryFolder(), () => {}));
  const text = await readFile(path, 'utf8');
  expect(
    parseAllDocuments(text).flatMap((document) => ('errors' in document ? document.errors : [])),
  ).toEqual([]);
  const named = new Set([...text.matchAll(/^\s+image: (\S+)$/gm)].map((match) => match[1]));
  expect([...named].sort()).toEqual([...flannel.images].sort());
});

it('refuses another file than the one whose checksum is committed', async () => {
  const changed = { ...flannel, sha256: '0'.repeat(64) };
  await expect(
    manifestFromModule(changed, new Steps(await temporaryFolder(), () => {})),
  ).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringContaining(`expected sha256:${'0'.repeat(64)}, found sha256:${flannel.sha256}`),
  });
});
