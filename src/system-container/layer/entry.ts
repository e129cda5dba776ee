import { KbootError } from '../../lib/errors.ts';

/** One path of a layer, relative to the root filesystem, without a leading slash. */
export type LayerEntry =
  | { readonly type: 'directory'; readonly path: string; readonly mode: number; readonly owner: string }
  | {
      readonly type: 'file';
      readonly path: string;
      readonly mode: number;
      /** SHA-256 in hex; for what is below `exports/` only. */
      readonly sha256?: string;
      /** The content; for small texts below `exports/` only. */
      readonly text?: string;
    }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

/** What is known of a layer once each of its entries was found harmless. Plain data: it can be kept as JSON. */
export interface LayerScan {
  readonly version: typeof LAYER_SCAN_VERSION;
  /** `sha256:HEX` of the compressed blob. */
  readonly digest: string;
  readonly entries: readonly LayerEntry[];
  /** Paths of lower layers that this one deletes. */
  readonly whiteouts: readonly string[];
  /** Directories in which this layer hides everything of lower layers; `` is the root. */
  readonly opaque: readonly string[];
  /** Device nodes and pipes, by their name in the archive: they are not unpacked. */
  readonly leftOut: readonly string[];
  /**
   * It has a program that lends another's rights, or something that an id other than root's may change: no user of the
   * machine may get at it.
   */
  readonly guarded: boolean;
  /** Bytes that it takes on a machine's disk once it is unpacked, in blocks of a common file system. */
  readonly unpackedSize: number;
  /** SHA-256 over the unpacked tree's names, types and link targets; see fingerprint.ts. */
  readonly fingerprint: string;
}

/** Changes whenever a scan of an earlier kboot must not be used any more. */
export const LAYER_SCAN_VERSION = 4;

/** An entry that no layer may have. */
export function badEntry(digest: string, entry: string, why: string): KbootError {
  return new KbootError('IMAGE_INVALID', `layer ${digest}: ${JSON.stringify(entry)} ${why}`, {
    hint: 'the image is damaged or malicious: do not use it',
  });
}

/** What Linux takes: bytes of a path, bytes of a name in it. */
const MAX_PATH = 4095;
const MAX_NAME = 255;

/** Directories below directories: many times what any image has. */
const MAX_DEPTH = 200;

/** A link's target, as it can be made and as lists on the machine can hold it. */
export const isLinkTarget = (target: string): boolean =>
  target !== '' && !/[\0\uFFFD]/.test(target) && Buffer.byteLength(target) <= MAX_PATH;

/**
 * The path an archive member's name stands for, without `.` and doubled slashes; `` is the root. Returns
 * undefined for a name that could leave the layer's folder, that two programs could read differently, or that no
 * file can have.
 */
export function layerPath(name: string): string | undefined {
  if (name.startsWith('/') || /[\0\uFFFD]/.test(name) || Buffer.byteLength(name) > MAX_PATH) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > MAX_DEPTH || parts.some((part) => Buffer.byteLength(part) > MAX_NAME)) return undefined;
  return parts.includes('..') ? undefined : parts.join('/');
}

/** `a/b/c` gives `a` and `a/b`. */
export function parentPaths(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
}
