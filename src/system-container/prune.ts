import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { findDeployments } from './change/installed.ts';
import type { FoundDeployments } from './deployment/deployments.ts';
import { CHECKOUT_ROOT, slotOf } from './machine/paths.ts';

/** What nobody needs on a machine. */
export interface Garbage {
  /** Folders `X.0` and `X.1` of containers that no link selects. */
  readonly deployments: readonly string[];
  /** Layers, in hex, that no deployment is made of. */
  readonly layers: readonly string[];
}

/** Layers that no deployment uses; none while it is unknown what some deployment is made of. */
export function unusedLayers(
  { folders, layers }: FoundDeployments,
  except: readonly string[] = [],
): readonly string[] {
  const staying = [...folders.values()].filter(({ folder }) => !except.includes(folder));
  if (staying.some(({ info }) => info?.layers === undefined)) return [];
  const used = new Set(staying.flatMap(({ info }) => info?.layers ?? []));
  return [...layers].filter((layer) => !used.has(layer));
}

/** Decides what can go. Deployments of a container whose link is lost count as nobody's. */
export function garbageOf(found: FoundDeployments): Garbage {
  const deployments = [...found.folders.keys()].filter((folder) => {
    const name = folder.replace(/\.[01]$/, '');
    return slotOf(folder) !== undefined && !found.links.has(name) && !found.interrupted.has(name);
  });
  return { deployments, layers: unusedLayers(found, deployments) };
}

/**
 * Deletes what nobody needs: unused layers and, unless only those are asked for, orphaned deployments. The caller
 * holds the machine's lock. Resolves with what was deleted.
 */
export async function pruneSystemContainers(
  host: Host,
  { layersOnly = false, signal }: { readonly layersOnly?: boolean; readonly signal?: AbortSignal } = {},
): Promise<Garbage> {
  const found = await findDeployments(host, signal);
  const garbage = layersOnly ? { deployments: [], layers: unusedLayers(found) } : garbageOf(found);
  const paths = [...garbage.deployments, ...garbage.layers.map((layer) => `.storage/${layer}`)];
  if (layersOnly && paths.length === 0) return garbage;
  await host.change(
    {
      ...remoteScript('system-container/prune', CHECKOUT_ROOT),
      stdin: paths.map((path) => `${path}\n`).join(''),
      sudo: true,
    },
    signal,
  );
  return garbage;
}
