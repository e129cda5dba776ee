import { isAbsolute } from 'node:path';
import { ensurePackages } from '../../lib/debian-packages.ts';
import { run } from './run.ts';

/** What a build needs on the operator's machine, and the Debian package that has it. */
interface Requirement {
  /** A program, or a static C library (`libc.a`). */
  readonly need: string;
  readonly package: string | undefined;
  /** Where to get it when Debian's package is of no use. */
  readonly from?: string;
}

const FOR_EVERY_BUILD: readonly Requirement[] = [
  { need: 'podman', package: 'podman' },
  { need: 'apt-get', package: 'apt' },
  { need: 'dpkg-deb', package: 'dpkg' },
];

const FOR_UPSTREAM: readonly Requirement[] = [
  { need: 'curl', package: 'curl' },
  { need: 'skopeo', package: 'skopeo' },
  { need: 'tar', package: 'tar' },
];

const FOR_MODULES: readonly Requirement[] = [
  // Debian 12's is too old to compile Kubernetes.
  { need: 'go', package: undefined, from: 'install Go 1.26 from https://go.dev/dl' },
  { need: 'gcc', package: 'gcc' },
  { need: 'pkg-config', package: 'pkg-config' },
  { need: 'libc.a', package: 'libc6-dev' },
  { need: 'libseccomp.a', package: 'libseccomp-dev' },
];

interface RequirementOptions {
  /** Install what is missing instead of throwing. */
  readonly install: boolean;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that this machine can build a bundle. Throws MISSING_REQUIREMENT naming everything that is missing,
 * with the one command that installs it.
 */
export async function ensureRequirements(
  source: 'modules' | 'upstream',
  { install, onProgress, signal }: RequirementOptions,
): Promise<void> {
  const needed = [...FOR_EVERY_BUILD, ...(source === 'modules' ? FOR_MODULES : FOR_UPSTREAM)];
  await ensurePackages({
    complaint: 'building a bundle needs programs and libraries that are not here',
    find: async () => {
      const present = await Promise.all(needed.map(({ need }) => isPresent(need)));
      return needed.filter((_, index) => !present[index]);
    },
    verb: 'kboot bundle build --install',
    run: (command) => run(['sh', '-c', command], { signal }),
    install,
    onProgress,
  });
}

async function isPresent(need: string): Promise<boolean> {
  if (need.endsWith('.a')) return (await staticLibrary(need)) !== undefined;
  return run(['sh', '-c', 'command -v "$1"', 'sh', need]).then(
    () => true,
    () => false,
  );
}

/** Where the C compiler finds a static library; undefined when it finds none. */
export async function staticLibrary(name: string): Promise<string | undefined> {
  const path = await run(['gcc', `-print-file-name=${name}`]).catch(() => '');
  return isAbsolute(path) ? path : undefined;
}
