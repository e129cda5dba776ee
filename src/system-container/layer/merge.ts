import { badEntry, type LayerEntry, type LayerScan, parentPaths } from './entry.ts';

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
  const merged = new Tree();
  const steps = layers.map((layer) => addLayer(merged, layer));
  return { steps, entries: merged.entries };
}

function addLayer(merged: Tree, layer: LayerScan): LayerStep {
  const remove: string[] = [];
  const take = (path: string) => {
    if (merged.remove(path)) remove.push(path);
  };
  for (const directory of layer.opaque) for (const child of merged.childrenOf(directory)) take(child);
  for (const path of layer.whiteouts) take(path);

  const own = new Set(layer.entries.map((entry) => entry.path));
  for (const entry of layer.entries) {
    const below = merged.entries.get(entry.path);
    if (below && (entry.type !== 'directory' || below.type !== 'directory')) take(entry.path);
  }
  const keep = new Map<string, LayerStep['keep'][number]>();
  for (const parent of new Set(layer.entries.flatMap((entry) => parentPaths(entry.path)))) {
    if (own.has(parent)) continue;
    const below = merged.entries.get(parent);
    if (below && below.type !== 'directory') {
      throw badEntry(layer.digest, parent, `is passed through, but a lower layer has a ${below.type} there`);
    }
    if (below) keep.set(parent, { path: parent, mode: below.mode, owner: below.owner });
    else merged.set({ type: 'directory', path: parent, mode: 0o755, owner: '0:0' });
  }
  for (const entry of layer.entries) merged.set(entry);
  const { digest, leftOut, fingerprint } = layer;
  return { digest, remove, keep: [...keep.values()], leftOut, fingerprint };
}

/** A file system by path, which finds what lies below a path without looking at everything else. */
class Tree {
  readonly entries = new Map<string, LayerEntry>();
  readonly #children = new Map<string, Set<string>>();

  set(entry: LayerEntry): void {
    const { path } = entry;
    this.entries.set(path, entry);
    const parent = parentOf(path);
    const siblings = this.#children.get(parent);
    if (siblings) siblings.add(path);
    else this.#children.set(parent, new Set([path]));
  }

  childrenOf(directory: string): readonly string[] {
    return [...(this.#children.get(directory) ?? [])].filter((path) => this.entries.has(path));
  }

  /** Takes a path away with all that is below it; false when there is nothing. */
  remove(path: string): boolean {
    if (!this.entries.delete(path)) return false;
    this.#children.get(parentOf(path))?.delete(path);
    for (const child of this.#children.get(path) ?? []) this.remove(child);
    this.#children.delete(path);
    return true;
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
