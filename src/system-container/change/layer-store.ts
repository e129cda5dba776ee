import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
import type { DeploymentSpec } from '../deployment/deployment-spec.ts';
import type { LayerStep } from '../layer/merge.ts';
import { CHECKOUT_ROOT } from '../machine/paths.ts';

/** Unpacking may have to wait for a slow disk. */
const UNPACK_TIMEOUT_MS = 30 * 60 * 1000;

export interface UnpackOptions {
  readonly root: string;
  /** Folders on the machine which hold blobs as `HEX`, in the order of trying. */
  readonly blobDirs: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Name of a layer in the store. */
export const layerName = ({ digest }: Pick<LayerStep, 'digest'>): string => digest.replace(/^sha256:/, '');

/**
 * Unpacks those layers which the machine's store lacks; layers that are there cost nothing. Fails when a blob
 * is in none of the folders. Nothing half-done is left under a layer's name.
 */
export async function unpackLayers(
  host: Host,
  layers: readonly LayerStep[],
  { root, blobDirs, signal }: UnpackOptions,
): Promise<void> {
  const lines = layers.flatMap((layer) => [
    `${layerName(layer)} ${layer.fingerprint}`,
    ...layer.leftOut.map((name) => ` ${name}`),
  ]);
  await host.change(
    {
      ...remoteScript('system-container/unpack-layers', root, ...blobDirs),
      stdin: lines.map((line) => `${line}\n`).join(''),
      sudo: true,
      timeoutMs: UNPACK_TIMEOUT_MS,
    },
    signal,
  );
}

/** Unpacks the layers of a deployment that the store, as it was listed, lacks; none for a remote root filesystem. */
export async function unpackMissing(
  host: Host,
  { image, remote }: Pick<DeploymentSpec, 'image' | 'remote'>,
  stored: ReadonlySet<string>,
  blobDirs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const steps = remote ? [] : image.steps;
  if (stored.size > 0 && steps.every((step) => stored.has(layerName(step)))) return;
  await unpackLayers(host, steps, { root: CHECKOUT_ROOT, blobDirs, signal });
}
