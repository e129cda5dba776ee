import { arch } from 'node:os';
import { measureFile } from '../digest.ts';
import { staticLibrary } from './requirements.ts';
import { run } from './run.ts';

/** What compiles a bundle; with the same toolchain and sources the programs are the same to the byte. */
export interface Toolchain {
  /** `go1.26.0` */
  readonly go: string;
  /** The C compiler's version and the digests of the libraries that get linked in. */
  readonly c: readonly string[];
  readonly arch: 'amd64' | 'arm64';
}

/** Architecture of this machine in the words of Go, Debian and OCI. */
export function architecture(): 'amd64' | 'arm64' {
  return arch() === 'arm64' ? 'arm64' : 'amd64';
}

/** Asks this machine's compilers who they are. */
export async function readToolchain(): Promise<Toolchain> {
  const libraries = await Promise.all(['libc.a', 'libseccomp.a'].map(staticLibrary));
  const digests = libraries.map(async (path) =>
    path === undefined ? 'none' : (await measureFile(path)).digest,
  );
  const [compiler = ''] = (await run(['gcc', '--version'])).split('\n');
  return {
    go: await run(['go', 'env', 'GOVERSION']),
    c: [compiler, ...(await Promise.all(digests))],
    arch: architecture(),
  };
}
