import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensurePackages } from '../lib/debian-packages.ts';
import { KbootError } from '../lib/errors.ts';
import { exists } from '../lib/exists.ts';
import { run } from './run.ts';

/** A Debian package that the lab needs, and the file that shows it is there, whoever installed it. */
interface Requirement {
  readonly package: string;
  /** A program in PATH, or one of these absolute paths. */
  readonly provides: string | readonly string[];
}

const PODMAN_HELPERS = ['/usr/lib/podman', '/usr/libexec/podman', '/usr/local/libexec/podman'];

const REQUIREMENTS: readonly Requirement[] = [
  { package: 'podman', provides: 'podman' },
  { package: 'runc', provides: 'runc' },
  { package: 'netavark', provides: PODMAN_HELPERS.map((folder) => join(folder, 'netavark')) },
  { package: 'aardvark-dns', provides: PODMAN_HELPERS.map((folder) => join(folder, 'aardvark-dns')) },
  { package: 'iptables', provides: 'iptables' },
  { package: 'debootstrap', provides: 'debootstrap' },
  { package: 'debian-archive-keyring', provides: ['/usr/share/keyrings/debian-archive-keyring.gpg'] },
  { package: 'openssh-client', provides: 'ssh-keygen' },
  { package: 'tar', provides: 'tar' },
  { package: 'util-linux', provides: 'unshare' },
];

type Exists = (path: string) => Promise<boolean>;

/** Packages whose files are not there, in the order of the list. `path` is the PATH to look in. */
export async function missingPackages(path: string, isThere: Exists = exists): Promise<readonly string[]> {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const missing: string[] = [];
  for (const { package: name, provides } of REQUIREMENTS) {
    const places = typeof provides === 'string' ? folders.map((folder) => join(folder, provides)) : provides;
    const found = await Promise.all(places.map(isThere));
    if (!found.includes(true)) missing.push(name);
  }
  return missing;
}

/** Throws REFUSED unless this is root: whole machines do not run in a user's podman. */
export function requireRoot(): void {
  if (userInfo().uid === 0) return;
  throw new KbootError('REFUSED', 'the lab needs root, to run whole machines in podman', {
    hint: 'run the same command with sudo',
  });
}

/** Throws REFUSED for a processor that the emulator of virtual machines is not made for. `arch`: Node's word. */
export function requireProcessor(arch: string): void {
  if (arch === 'x64') return;
  throw new KbootError('REFUSED', `the lab's virtual machines are x86-64 ones, and this machine is ${arch}`, {
    hint: 'kboot lab up without --vm runs machines in podman',
  });
}

interface RequirementOptions {
  /** PATH */
  readonly path: string;
  /** Install what is missing instead of throwing. */
  readonly install: boolean;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Makes sure that this machine can run a lab. Throws MISSING_REQUIREMENT with the one command that helps. */
export async function ensureRequirements(options: RequirementOptions): Promise<void> {
  const { path, install, onProgress, signal } = options;
  await ensurePackages({
    complaint: 'the lab needs packages that are not installed',
    find: async () => (await missingPackages(path)).map((name) => ({ need: name, package: name })),
    verb: 'kboot lab up --install',
    run: (command) => run(['sh', '-c', command], { signal }),
    install,
    onProgress,
  });
}
