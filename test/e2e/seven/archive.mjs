// Writes images of a bundle to standard output as an archive for `ctr images import`: node archive.mjs BUNDLE NAME...
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';

const [bundle, ...names] = argv.slice(2);
const { images } = JSON.parse(readFileSync(join(bundle, 'bundle.json'), 'utf8'));
const chosen = images.filter(({ name }) => names.some((wanted) => name.includes(wanted)));
const digests = chosen.flatMap(({ manifest, config, layers }) =>
  [manifest, config, ...layers].map(({ digest }) => digest),
);
const blobs = [...new Set(digests)].map((digest) => join('blobs', digest.replace(':', '/')));

const index = JSON.parse(readFileSync(join(bundle, 'index.json'), 'utf8'));
const isChosen = ({ digest }) => digests.includes(digest);
const folder = mkdtempSync(join(tmpdir(), 'archive-'));
try {
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ ...index, manifests: index.manifests.filter(isChosen) }),
  );
  const files = ['-C', folder, 'index.json', '-C', bundle, 'oci-layout', ...blobs];
  const { status } = spawnSync('tar', ['-c', ...files], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
