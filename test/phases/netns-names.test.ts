import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { libraries, script } from '../helpers/script.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-cni-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The namespaces that reset unmounts and removes when a file of CNI's holds this. */
async function namesIn(text: string): Promise<readonly string[]> {
  await writeFile(join(folder, 'cbr0-5-eth0'), text);
  const [shell, ...words] = script(`${libraries('netns-names')}netns_names "$1"`, folder).argv;
  const { stdout } = await execa(shell, words);
  return stdout.split('\n').filter((line) => line !== '');
}

const result = (netns: string): string =>
  `{"kind":"cniCacheV1","containerId":"5","config":"e30=","ifName":"eth0","networkName":"cbr0","netns":${JSON.stringify(netns)}}`;

test("reset takes the namespaces that CNI's records name, and no others", async () => {
  expect(await namesIn(result('/var/run/netns/cni-1a-2b'))).toEqual(['cni-1a-2b']);
  expect(await namesIn(`${result('/run/netns/cni-1')}\n${result('/run/netns/cni-2')}`)).toEqual([
    'cni-1',
    'cni-2',
  ]);
  for (const netns of ['/run/netns/docker', '/run/cni-x/docker', '/run/netns/cni-1/..', '/proc/1/ns/net', ''])
    expect(await namesIn(result(netns))).toEqual([]);
});

test('whatever stands in them', async () => {
  const part = fc.constantFrom(
    '/',
    '..',
    'cni-',
    'a',
    '"',
    '\\',
    ' ',
    '\n',
    '"netns":"',
    '/run/netns/',
    '*',
    '$(x)',
  );
  const text = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.array(part, { maxLength: 8 }).map((parts) => result(parts.join(''))),
    fc.string({ unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      for (const name of await namesIn(content)) expect(name).toMatch(/^cni-[\w-]+$/);
    }),
    { numRuns: 100 },
  );
}, 60_000);
