import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';
import type { Steps } from './steps.ts';
import type { Toolchain } from './toolchain.ts';
import { copyTree, hashTree } from './tree.ts';

/** Programs that are built from one Go module with one set of flags. */
export interface GoBuild {
  /** Name of the step. */
  readonly name: string;
  readonly title: string;
  /** Folders with go.mod, go.sum and what of the source is ours; put together in this order. */
  readonly sources: readonly string[];
  /** File name of each program, and the package that is its main. */
  readonly programs: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Go variables (`import/path.name`) that are set at link time. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Needs C: linked statically against the C libraries of this machine. */
  readonly cgo?: boolean;
}

/** Builds the programs; the result is a folder with one file each. */
export async function goBuild(
  build: GoBuild,
  steps: Steps,
  toolchain: Toolchain,
  signal?: AbortSignal,
): Promise<string> {
  const { name, title, sources, programs, tags = [], variables = {}, cgo = false } = build;
  const settings = Object.entries(variables).map(([variable, value]) => `-X ${variable}=${value}`);
  const ldflags = ['-s -w', ...settings, ...(cgo ? ['-extldflags -static'] : [])].join(' ');
  const inputs = {
    sources: await Promise.all(sources.map(hashTree)),
    programs,
    tags,
    ldflags,
    toolchain: cgo ? toolchain : { go: toolchain.go, arch: toolchain.arch },
  };
  return steps.run({ name, title, inputs }, async (dir) => {
    const module = join(dir, '.module');
    await mkdir(module);
    for (const source of sources) await copyTree(source, module);
    const env = { GOFLAGS: '', GOWORK: 'off', GOEXPERIMENT: '', GOAMD64: 'v1', CGO_ENABLED: cgo ? '1' : '0' };
    for (const [file, main] of Object.entries(programs)) {
      const flags = ['-trimpath', '-buildvcs=false', '-tags', tags.join(','), '-ldflags', ldflags];
      await run(['go', 'build', ...flags, '-o', join(dir, file), main], { cwd: module, env, signal });
      await chmod(join(dir, file), 0o755);
    }
    await rm(module, { recursive: true });
  });
}
