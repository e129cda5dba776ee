import { writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { Bundle } from '../../../src/bundle/open.ts';
import { registerBundle } from '../../../src/cli/bundle/command.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { smallBundle, temporaryFolder } from '../../helpers/bundle.ts';

async function kboot(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const home = await temporaryFolder();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = {
    argv,
    env: {},
    cwd: home,
    home,
    stdin: new PassThrough(),
    stdout,
    stderr,
    signal: new AbortController().signal,
  };
  try {
    const code = await runProgram(io, [registerBundle], false);
    return { code, stdout: await ended(stdout), stderr: await ended(stderr) };
  } finally {
    stdout.end();
    stderr.end();
  }
}

function ended(stream: PassThrough): Promise<string> {
  stream.end();
  return text(stream);
}

const lines = ({ dir, digest }: Bundle) => `${dir}\n${digest}\n`;

it('inspects a bundle: components, images, manifests, and what each role costs', async () => {
  const bundle = await smallBundle();
  const { code, stdout } = await kboot('bundle', 'inspect', bundle.dir);
  expect(code).toBe(0);
  expect(stdout).toContain(`${lines(bundle)}v1.37.2 amd64, from modules\n`);
  expect(stdout).toMatch(/^etcd +v3\.7\.3$/m);
  expect(stdout).toMatch(/^Debian packages +1 \(--json lists them\)$/m);
  expect(stdout).toMatch(/^kboot\/kubelet:v1\.37\.2 +system +master, node +\d+ B +4\.1 kB$/m);
  expect(stdout).toMatch(/^master +3 +\d/m);
});

it('inspects for programs: one JSON document', async () => {
  const bundle = await smallBundle();
  const { stdout } = await kboot('bundle', 'inspect', '--json', bundle.dir);
  expect(JSON.parse(stdout)).toMatchObject({
    path: bundle.dir,
    digest: bundle.digest,
    lock: bundle.lock,
    totals: [{ role: 'master' }, { role: 'node' }],
  });
});

it('verifies a bundle and prints its digest, for kboot.yaml', async () => {
  const bundle = await smallBundle();
  const { code, stdout, stderr } = await kboot(
    'bundle',
    'verify',
    '--plain',
    bundle.dir,
    '--digest',
    bundle.digest,
  );
  expect([code, stdout]).toEqual([0, lines(bundle)]);
  expect(stderr).toContain('images: 3, manifests: 1, all as bundle.json says');
});

it('verifies the pinned digest', async () => {
  const bundle = await smallBundle();
  await expect(
    kboot('bundle', 'verify', '--plain', bundle.dir, '--digest', 'sha256:0'),
  ).rejects.toMatchObject({
    cause: {
      code: 'BUNDLE_INVALID',
      message: expect.stringContaining(`expected the bundle sha256:0, found ${bundle.digest}`),
    },
  });
});

it('finds a changed blob', async () => {
  const bundle = await smallBundle();
  await writeFile(bundle.blobPath(bundle.lock.images[0]?.layers[0]?.digest ?? ''), 'changed');
  await expect(kboot('bundle', 'verify', '--plain', bundle.dir)).rejects.toMatchObject({
    cause: { code: 'BUNDLE_INVALID', message: expect.stringContaining('found 7') },
  });
});

it('knows no other source than two', async () => {
  expect((await kboot('bundle', 'build', '--source', 'elsewhere')).code).toBe(2);
});
