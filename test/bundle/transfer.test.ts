import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sendBlobs } from '../../src/bundle/transfer.ts';
import { openLocalHost } from '../../src/host/local.ts';
import { temporaryFolder } from '../helpers/bundle.ts';

const hexOf = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** Blobs on disk: one of text that looks like a frame, one empty, one larger than every buffer. */
async function someBlobs(dir: string) {
  const contents = [
    Buffer.from(`${'a'.repeat(64)} 3\nabc`),
    Buffer.alloc(0),
    Buffer.alloc(3_000_000, 'x\n\0'),
  ];
  return Promise.all(
    contents.map(async (content) => {
      const hex = hexOf(content);
      await writeFile(join(dir, hex), content);
      return { digest: `sha256:${hex}`, size: content.length };
    }),
  );
}

it('sends blobs in one stream, each under its digest, readable by root only', async () => {
  const [from, to] = [await temporaryFolder(), await temporaryFolder()];
  const blobs = await someBlobs(from);
  const into = join(to, 'blobs');
  await using host = await openLocalHost('here');
  const sent: number[] = [];
  const blobPath = (digest: string) => join(from, digest.slice(7));
  await sendBlobs(host, blobs, { blobPath, into, onProgress: (bytes) => sent.push(bytes) });
  expect((await readdir(into)).sort()).toEqual(blobs.map(({ digest }) => digest.slice(7)).sort());
  for (const { digest } of blobs) {
    expect(hexOf(await readFile(join(into, digest.slice(7))))).toBe(digest.slice(7));
    expect((await stat(join(into, digest.slice(7)))).mode & 0o777).toBe(0o600);
  }
  expect(sent.at(-1)).toBe(blobs.reduce((sum, { size }) => sum + size, 0));
});

it('keeps nothing of a blob that is not what its name says, and what came before it', async () => {
  const [from, to] = [await temporaryFolder(), await temporaryFolder()];
  const [first, , last] = await someBlobs(from);
  if (!first || !last) throw new Error('there are three blobs');
  await writeFile(join(from, last.digest.slice(7)), Buffer.alloc(last.size, 'y'));
  await using host = await openLocalHost('here');
  const blobPath = (digest: string) => join(from, digest.slice(7));
  await expect(sendBlobs(host, [first, last], { blobPath, into: to })).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    message: expect.stringContaining(`blob ${last.digest.slice(7)} arrived damaged`),
  });
  expect(await readdir(to)).toEqual([first.digest.slice(7)]);
});

it('clears what an earlier transfer left half-way', async () => {
  const [from, to] = [await temporaryFolder(), await temporaryFolder()];
  await writeFile(join(to, 'incoming.1'), 'half');
  const blobs = await someBlobs(from);
  await using host = await openLocalHost('here');
  await sendBlobs(host, blobs.slice(0, 1), { blobPath: (digest) => join(from, digest.slice(7)), into: to });
  expect(await readdir(to)).toEqual([blobs[0]?.digest.slice(7)]);
});

it.skipIf(userInfo().uid !== 0)(
  "leaves nothing half under a blob's name on a full disk, and goes on when it is freed",
  async () => {
    const [from, to] = [await temporaryFolder(), await temporaryFolder()];
    const blobs = await someBlobs(from);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', to]);
    try {
      await using host = await openLocalHost('here');
      const options = { blobPath: (digest: string) => join(from, digest.slice(7)), into: join(to, 'blobs') };
      await expect(sendBlobs(host, blobs, options)).rejects.toMatchObject({
        message: expect.stringContaining('No space left on device'),
      });
      const whole = blobs.slice(0, 2).map(({ digest }) => digest.slice(7));
      expect((await readdir(options.into)).sort()).toEqual(whole.sort());
      execFileSync('mount', ['-o', 'remount,size=8m', to]);
      await sendBlobs(host, blobs.slice(2), options);
      expect(await readdir(options.into)).toHaveLength(3);
    } finally {
      execFileSync('umount', [to]);
    }
  },
);

it('keeps no blob whose stream ended too early', async () => {
  const [from, to] = [await temporaryFolder(), await temporaryFolder()];
  const [, , last] = await someBlobs(from);
  if (!last) throw new Error('there are three blobs');
  await writeFile(join(from, last.digest.slice(7)), 'short');
  await using host = await openLocalHost('here');
  const options = { blobPath: (digest: string) => join(from, digest.slice(7)), into: to };
  await expect(sendBlobs(host, [last], options)).rejects.toMatchObject({
    message: expect.stringContaining('is cut off'),
  });
  expect(await readdir(to)).toEqual([]);
});

it('opens no connection for nothing', async () => {
  await sendBlobs(undefined as never, [], { blobPath: () => '', into: '' });
});
