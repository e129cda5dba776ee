import { isAbsolute } from 'node:path';
import { KbootError } from '../../lib/errors.ts';
import { run } from './run.ts';

/** What a build needs on the operator's machine, and the Debian package that has it. */
interface Requirement {
  /** A program, or a static C library (`libc.a`). */
  readonly need: string;
  readonly package: string;
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
  { need: 'go', package: 'golang-go' },
  { need: 'gcc', package: 'gcc' },
  { need: 'pkg-config', package: 'pkg-config' },
  { need: 'libc.a', package: 'libc6-dev' },
  { need: 'libseccomp.a', package: 'libseccomp-dev' },
];

/** Throws MISSING_REQUIREMENT naming everything that is missing, with the one command that installs it. */
export async function checkRequirements(source: 'modules' | 'upstream'): Promise<void> {
  const needed = [...FOR_EVERY_BUILD, ...(source === 'modules' ? FOR_MODULES : FOR_UPSTREAM)];
  const present = await Promise.all(needed.map(({ need }) => isPresent(need)));
  const missing = needed.filter((_, index) => !present[index]);
  if (missing.length === 0) return;
  throw new KbootError(
    'MISSING_REQUIREMENT',
    `building a bundle needs programs and libraries that are not here: ${missing.map(({ need }) => need).join(', ')}`,
    { hint: `sudo apt-get install -y ${missing.map((requirement) => requirement.package).join(' ')}` },
  );
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
