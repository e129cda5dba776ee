import { resolve } from 'node:path';
import { buildBundle, bundleDir, DEFAULT_KUBERNETES } from '../../bundle/build/build.ts';
import { renewUpstreamLock } from '../../bundle/build/upstream/renew-lock.ts';
import { type Bundle, openBundle } from '../../bundle/open.ts';
import { totalsOf } from '../../bundle/totals.ts';
import { verifyBundle } from '../../bundle/verify.ts';
import { formatBytes } from '../../lib/units.ts';
import type { Io } from '../io.ts';
import { jsonDocument } from '../render/json.ts';
import { renderTable } from '../render/table.ts';
import type { Run } from '../verb.ts';
import { buildProgress } from './build-progress.ts';
import { cacheDirOf } from './bundle.ts';

interface ChosenFlags {
  readonly kubernetes?: string;
  readonly source: 'modules' | 'upstream';
}

export interface BuildFlags extends ChosenFlags {
  readonly locked: boolean;
  readonly install: boolean;
  readonly mirror: readonly string[];
}

export interface LockFlags {
  readonly kubernetes?: string;
  readonly arch: string;
  readonly mirror: readonly string[];
}

export interface InspectFlags extends ChosenFlags {
  readonly json: boolean;
}

export interface VerifyFlags extends ChosenFlags {
  readonly digest?: string;
}

/** `kboot bundle build`: resolves with the folder and the digest, for kboot.yaml. */
export async function runBundleBuild(
  run: Run,
  { kubernetes, source, locked, install, mirror }: BuildFlags,
): Promise<string> {
  run.report({ type: 'run-start', verb: 'bundle build', hosts: [] });
  const bundle = await buildBundle({
    kubernetes: kubernetes ?? DEFAULT_KUBERNETES,
    source,
    locked,
    install,
    mirrors: mirror,
    cacheDir: cacheDirOf(run.io),
    onProgress: buildProgress(run.report),
    signal: run.io.signal,
  });
  return identify(bundle);
}

/** `kboot bundle inspect`: tables, or with `--json` `{ path, digest, totals, lock }`, the lock being bundle.json. */
export async function runBundleInspect(
  { io }: Run,
  folder: string | undefined,
  flags: InspectFlags,
): Promise<string> {
  const bundle = await openBundle(folderOf(io, folder, flags));
  const { dir: path, digest, lock } = bundle;
  const totals = totalsOf(lock);
  if (flags.json) {
    return jsonDocument({ path, digest, totals, lock });
  }
  const unpacked = (layers: readonly { unpackedSize: number }[]) =>
    formatBytes(layers.reduce((sum, { unpackedSize }) => sum + unpackedSize, 0));
  const images = lock.images.map(({ name, kind, roles, layers }) => [
    name,
    kind,
    roles.join(', '),
    formatBytes(layers.reduce((sum, { size }) => sum + size, 0)),
    unpacked(layers),
  ]);
  const rows = totals.map(({ role, images: count, sent, disk }) => [
    role,
    `${count}`,
    formatBytes(sent),
    formatBytes(disk),
  ]);
  const isPackage = ([name]: readonly [string, string]) => name.startsWith('debian/');
  const versions = Object.entries(lock.versions);
  const packages = ['Debian packages', `${versions.filter(isPackage).length} (--json lists them)`];
  const tables = [
    renderTable(['COMPONENT', 'VERSION'], [...versions.filter((entry) => !isPackage(entry)), packages]),
    renderTable(['IMAGE', 'KIND', 'ROLES', 'SIZE', 'UNPACKED'], images),
    renderTable(
      ['MANIFEST', 'VERSION', 'SHA256'],
      lock.manifests.map((m) => [m.name, m.version, m.sha256]),
    ),
    renderTable(['A NEW', 'IMAGES', 'IS SENT', 'DISK'], rows),
  ];
  return `${identify(bundle)}${lock.kubernetes} ${lock.arch}, from ${lock.source}\n\n${tables.join('\n')}`;
}

/** `kboot bundle verify`: resolves with the folder and the digest when nothing was changed. */
export async function runBundleVerify(
  run: Run,
  folder: string | undefined,
  flags: VerifyFlags,
): Promise<string> {
  run.report({ type: 'run-start', verb: 'bundle verify', hosts: [] });
  const bundle = await openBundle(folderOf(run.io, folder, flags), flags.digest);
  await verifyBundle(bundle, { signal: run.io.signal });
  const { images, manifests } = bundle.lock;
  run.report({
    type: 'note',
    text: `images: ${images.length}, manifests: ${manifests.length}, all as bundle.json says`,
  });
  return identify(bundle);
}

/** `kboot bundle lock`: resolves with the file that was written. */
export async function runBundleLock(run: Run, { kubernetes, arch, mirror }: LockFlags): Promise<string> {
  run.report({ type: 'run-start', verb: 'bundle lock', hosts: [] });
  const path = await renewUpstreamLock({
    kubernetes: kubernetes ?? DEFAULT_KUBERNETES,
    arch,
    mirrors: mirror,
    cacheDir: cacheDirOf(run.io),
    onProgress: buildProgress(run.report),
    signal: run.io.signal,
  });
  run.report({
    type: 'note',
    text: 'compare what is new in it with what the projects announce, then commit it',
  });
  return `${path}\n`;
}

function folderOf(
  io: Io,
  folder: string | undefined,
  { kubernetes, source }: InspectFlags | VerifyFlags,
): string {
  if (folder !== undefined) return resolve(io.cwd, folder);
  return bundleDir({ cacheDir: cacheDirOf(io), kubernetes: kubernetes ?? DEFAULT_KUBERNETES, source });
}

function identify({ dir, digest }: Bundle): string {
  return `${dir}\n${digest}\n`;
}
