import { debianMirror } from './debian-mirror.ts';
import { run } from './run.ts';

/**
 * Unpacks a minimal Debian with these packages into the folder `rootfs`. In namespaces of its own: what debootstrap
 * mounts and starts ends with it, however it ends. Throws like `run`.
 */
export async function debootstrap(
  suite: string,
  rootfs: string,
  packages: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { mirror, proxy } = await debianMirror(suite, signal);
  await run(
    [
      ...(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const),
      ...['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, suite, rootfs],
      ...(mirror === undefined ? [] : [mirror]),
    ],
    { signal, ...(proxy !== undefined && { env: { http_proxy: proxy } }) },
  );
}

/** Packs what debootstrap unpacked, without devices and without what it fetched, to the file `archive`. */
export async function packRootfs(
  rootfs: string,
  archive: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const without = ['./dev/*', './var/lib/apt/lists/*', './var/cache/apt/archives/*.deb'];
  const excludes = without.map((path) => `--exclude=${path}`);
  await run(['tar', '-C', rootfs, '--numeric-owner', ...excludes, '-cf', archive, '.'], { signal });
}
