import { KbootError } from '../../lib/errors.ts';
import type { LayerEntry, LayerScan } from '../layer/entry.ts';
import { type LayerStep, mergeLayers } from '../layer/merge.ts';
import { type Manifest, parseManifest } from './manifest.ts';

/** Files directly below /exports that mean something to the engine. */
export const EXPORT_FILES = [
  'config.json',
  'config.json.template',
  'service.template',
  'tmpfiles.template',
  'manifest.json',
] as const;

export type ExportFile = (typeof EXPORT_FILES)[number];

/** A system image as the engine needs it: how its layers are put together, and what /exports says. */
export interface SystemImage {
  /** As the user knows it: `kboot/etcd:v3.7.3`. */
  readonly name: string;
  /** What it calls itself, by its annotations or labels: `example/etcd:v3`. */
  readonly title?: string | undefined;
  /** Manifest digest in hex, without `sha256:`. */
  readonly id: string;
  /** It has the label atomic.run=once: to install it is to run it. */
  readonly runOnce: boolean;
  readonly steps: readonly LayerStep[];
  /** No user of a machine may get at its files; see LayerScan. */
  readonly guarded: boolean;
  readonly hasExports: boolean;
  readonly files: Readonly<Partial<Record<ExportFile, string>>>;
  /** The tree below /exports/hostfs, parents first, by its path on the host. */
  readonly hostTree: readonly LayerEntry[];
  readonly manifest: Manifest;
}

export interface ImageInputs {
  readonly name: string;
  /** By what lists it, if anything does. */
  readonly title?: string | undefined;
  readonly id: string;
  /** Base first. */
  readonly layers: readonly LayerScan[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Reads an image out of the scans of its layers. Throws IMAGE_INVALID. */
export function readSystemImage({ name, id, layers, labels, title }: ImageInputs): SystemImage {
  const { steps, entries } = mergeLayers(layers);
  const files: Partial<Record<ExportFile, string>> = {};
  for (const file of EXPORT_FILES) {
    const entry = entries.get(`exports/${file}`);
    if (entry) files[file] = textOf(entry, name);
  }
  const hostTree = [...entries.values()]
    .filter((entry) => entry.path.startsWith('exports/hostfs/'))
    .map((entry) => ({ ...entry, path: entry.path.slice('exports/hostfs'.length) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const hasExports = entries.get('exports')?.type === 'directory';
  return {
    name,
    title: title ?? titleIn(labels),
    id,
    runOnce: labels['atomic.run'] === 'once',
    steps,
    guarded: layers.some((layer) => layer.guarded),
    hasExports,
    files,
    hostTree,
    manifest: parseManifest(files['manifest.json'], name),
  };
}

/** The name in an image's labels: the format's own (`Name`, `Version`), or those of the OCI's annotations. */
function titleIn(labels: Readonly<Record<string, string>>): string | undefined {
  const of = (...keys: readonly string[]) =>
    keys.map((key) => labels[key]).find((value) => value !== undefined && value !== '');
  const name = of(
    'Name',
    'name',
    'NAME',
    'org.opencontainers.image.ref.name',
    'org.opencontainers.image.title',
  );
  if (name === undefined || /[\s:@]/.test(name)) return name;
  const version = of('Version', 'version', 'VERSION', 'org.opencontainers.image.version');
  return version === undefined || !/^[\w][\w.-]*$/.test(version) ? name : `${name}:${version}`;
}

/** The content of a file below /exports. Throws IMAGE_INVALID when it is none that can be expanded. */
export function textOf(entry: LayerEntry, image: string): string {
  if (entry.type === 'file' && entry.text !== undefined) return entry.text;
  throw new KbootError(
    'IMAGE_INVALID',
    `image ${image}: /${entry.path} is not a plain text file of at most 256 KiB`,
  );
}
