import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IMAGES_DIR } from '../../src/bundle/build/release.ts';

const PROGRAM = `package main

import (
	"fmt"
	"os"

	"kboot.dev/kubernetes/multicall"
)

func main() {
	show := func() int {
		for _, word := range os.Args {
			fmt.Println(word)
		}
		return 0
	}
	multicall.Main(map[string]multicall.Program{"kube-apiserver": show})
}
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-arguments-'));
  const source = join(folder, 'source');
  await mkdir(source);
  await cp(join(IMAGES_DIR, 'kubernetes/src/multicall'), join(source, 'multicall'), { recursive: true });
  await writeFile(join(source, 'go.mod'), 'module kboot.dev/kubernetes\n\ngo 1.24\n');
  await writeFile(join(source, 'main.go'), PROGRAM);
  await execa('go', ['build', '-o', join(folder, 'kube-apiserver'), '.'], { cwd: source });
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

/** Runs the program, and gives back its arguments. */
async function start(env: Readonly<Record<string, string>>, file?: string): Promise<readonly string[]> {
  const path = join(folder, 'arguments');
  if (file !== undefined) await writeFile(path, file);
  const all = { ...(file !== undefined && { ARGUMENTS_FILE: path }), ...env };
  const { stdout } = await execa(join(folder, 'kube-apiserver'), ['--first'], { env: all });
  return stdout.split('\n').slice(1);
}

it('gives a program the arguments of its command line only, as in every pod', async () => {
  expect(await start({ KUBE_APISERVER_ARGS: '--v=2' })).toEqual(['--first']);
});

it('adds those of the environment, then those of the file', async () => {
  expect(
    await start({ KUBE_APISERVER_ARGS: '--v=2  --x' }, '# a comment\n\nKUBE_APISERVER_ARGS="--v=4 --y"\n'),
  ).toEqual(['--first', '--v=2', '--x', '--v=4', '--y']);
});

it.each([
  [`KUBE_APISERVER_ARGS=--a --b`, ['--a', '--b']],
  [`KUBE_APISERVER_ARGS="--a='with blanks' --b"`, ['--a=with blanks', '--b']],
  [`KUBE_APISERVER_ARGS='--a="with blanks"'`, ['--a=with blanks']],
  [`KUBE_APISERVER_ARGS="--a" "--b c"`, ['--a', '--b c']],
  [`KUBE_APISERVER_ARGS="--a \\\n  --b"`, ['--a', '--b']],
  [`KUBE_APISERVER_ARGS=--a=''`, ['--a=']],
  [`KUBE_APISERVER_ARGS=""`, []],
  [`KUBE_APISERVER_ARGS=--a\nKUBE_APISERVER_ARGS=--b`, ['--a', '--b']],
  ['', []],
])('reads %s', async (file, words) => {
  expect(await start({}, file)).toEqual(['--first', ...words]);
});

it('starts without the file', async () => {
  expect(await start({ ARGUMENTS_FILE: join(folder, 'none'), KUBE_APISERVER_ARGS: '--v=2' })).toEqual([
    '--first',
    '--v=2',
  ]);
});

it.each([
  ['KUBE_API_ARGS="--v=2"', /arguments: not KUBE_APISERVER_ARGS="ARGUMENT\.\.\.": KUBE_API_ARGS="--v=2"$/],
  [`KUBE_APISERVER_ARGS=--a="b`, /arguments: a quote is not closed/],
])('does not start with %s', async (file, message) => {
  await expect(start({}, file)).rejects.toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(message),
  });
});

it('finds no argument in the file as it is delivered', async () => {
  const file = await readFile(
    join(IMAGES_DIR, 'kube-apiserver/exports/hostfs/etc/kubernetes/apiserver'),
    'utf8',
  );
  expect(await start({}, file)).toEqual(['--first']);
});
