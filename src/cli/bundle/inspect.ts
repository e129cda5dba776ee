import { openBundle } from '../../bundle/open.ts';
import { totalsOf } from '../../bundle/totals.ts';
import { formatBytes } from '../../lib/units.ts';
import { BundleInspection } from '../json/documents.ts';
import { jsonDocument } from '../json/json.ts';
import { renderTable } from '../render/table.ts';
import type { Run, VerbResult } from '../verb.ts';
import { type ChosenFlags, folderOf, identify } from './chosen.ts';

export interface InspectFlags extends ChosenFlags {
  readonly json: boolean;
}

/** `kboot bundle inspect`: tables, or with `--json` a document. */
export async function runBundleInspect(
  { io }: Run,
  folder: string | undefined,
  flags: InspectFlags,
): Promise<VerbResult> {
  const bundle = await openBundle(folderOf(io, folder, flags));
  const { dir: path, digest, lock } = bundle;
  const totals = totalsOf(lock);
  if (flags.json) {
    return { output: jsonDocument(BundleInspection, { path, digest, totals, lock }) };
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
  const head = `${identify(bundle)}${lock.kubernetes} ${lock.arch}, from ${lock.source}\n\n`;
  return { output: `${head}${tables.join('\n')}` };
}
