import { badEntry, type LayerEntry, type LayerScan, parentPaths } from './layer-entry.ts';

/** How one layer is put on top of those below it. */
export interface LayerStep {
  /** `sha256:HEX` */
  readonly digest: string;
  /** Paths to delete before the layer's files are linked in: no link is ever made over something. */
  readonly remove: readonly string[];
  /** Directories of lower layers that the layer only passes through: their mode and owner stay. */
  readonly keep: readonly { readonly path: string; readonly mode: number; readonly owner: string }[];
  /** For what is unpacked. */
  readonly leftOut: readonly string[];
  readonly fingerprint: string;
}

export interface MergedLayers {
  readonly steps: readonly LayerStep[];
  /** The root filesystem, by path. */
  readonly entries: ReadonlyMap<string, LayerEntry>;
}

/**
 * Decides how layers, base first, become one root filesystem. Throws IMAGE_INVALID when a layer writes through
 * a link or a file of a layer below it.
 */
export function mergeLayers(layers: readonly LayerScan[]): MergedLayers {
  const entries = new Map<string, LayerEntry>();
  const steps = layers.map((layer) => addLayer(entries, layer));
  return { steps, entries };
}

function addLayer(merged: Map<string, LayerEntry>, layer: LayerScan): LayerStep {
  const remove: string[] = [];
  const take = (path: string) => {
    if (!merged.has(path)) return;
    removeTree(merged, path);
    remove.push(path);
  };
  for (const directory of layer.opaque) for (const child of childrenOf(merged, directory)) take(child);
  for (const path of layer.whiteouts) take(path);

  const own = new Set(layer.entries.map((entry) => entry.path));
  for (const entry of layer.entries) {
    const below = merged.get(entry.path);
    if (below && (entry.type !== 'directory' || below.type !== 'directory')) take(entry.path);
  }
  const keep = new Map<string, LayerStep['keep'][number]>();
  for (const parent of new Set(layer.entries.flatMap((entry) => parentPaths(entry.path)))) {
    if (own.has(parent)) continue;
    const below = merged.get(parent);
    if (below && below.type !== 'directory') {
      throw badEntry(layer.digest, parent, `is passed through, but a lower layer has a ${below.type} there`);
    }
    if (below) keep.set(parent, { path: parent, mode: below.mode, owner: below.owner });
    else merged.set(parent, { type: 'directory', path: parent, mode: 0o755, owner: '0:0' });
  }
  for (const entry of layer.entries) merged.set(entry.path, entry);
  const { digest, leftOut, fingerprint } = layer;
  return { digest, remove, keep: [...keep.values()], leftOut, fingerprint };
}

function removeTree(entries: Map<string, LayerEntry>, path: string): void {
  const isDirectory = entries.get(path)?.type === 'directory';
  entries.delete(path);
  if (!isDirectory) return;
  for (const other of entries.keys()) {
    if (other.startsWith(`${path}/`)) entries.delete(other);
  }
}

function childrenOf(entries: ReadonlyMap<string, LayerEntry>, directory: string): readonly string[] {
  const prefix = directory === '' ? '' : `${directory}/`;
  return [...entries.keys()].filter(
    (path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'),
  );
}
