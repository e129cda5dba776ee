import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KbootError, messageOf } from '../lib/errors.ts';
import { digestOf } from './digest.ts';
import { BundleLock } from './lock.ts';
import { blobPath } from './oci-layout.ts';

/** The file that describes a bundle, and whose SHA-256 is the bundle's digest. */
export const LOCK_FILE = 'bundle.json';

/** A bundle on disk. That its blobs are what their names say is shown by verifyBundle only. */
export interface Bundle {
  /** Absolute path of the folder. */
  readonly dir: string;
  readonly lock: BundleLock;
  /** `sha256:...` of bundle.json; it pins every other file. */
  readonly digest: string;
  /** The file of a blob. */
  blobPath(digest: string): string;
  /** The text of a manifest (`flannel`), checked against the lock. Throws BUNDLE_INVALID. */
  readManifest(name: string): Promise<string>;
}

/** Opens a bundle. Throws BUNDLE_INVALID when it is none, or not the one with the expected digest. */
export async function openBundle(dir: string, expectedDigest?: string): Promise<Bundle> {
  const path = join(dir, LOCK_FILE);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(`${dir}: not a bundle: ${messageOf(cause)}`, cause);
  });
  const digest = digestOf(text);
  if (expectedDigest !== undefined && digest !== expectedDigest) {
    throw invalid(`${path}: expected the bundle ${expectedDigest}, found ${digest}`);
  }
  const lock = parseLock(path, text);
  return {
    dir,
    lock,
    digest,
    blobPath: (blob) => blobPath(dir, blob),
    readManifest: (name) => readManifest(dir, lock, name),
  };
}

function parseLock(path: string, text: string): BundleLock {
  try {
    return BundleLock.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw invalid(`${path}: ${why}`, cause);
  }
}

async function readManifest(dir: string, lock: BundleLock, name: string): Promise<string> {
  const manifest = lock.manifests.find((candidate) => candidate.name === name);
  if (!manifest) throw invalid(`${dir}: the bundle has no manifest ${name}`);
  const path = join(dir, manifest.file);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(`${path}: ${messageOf(cause)}`, cause);
  });
  const found = digestOf(text);
  if (found !== `sha256:${manifest.sha256}`) {
    throw invalid(`${path}: expected sha256:${manifest.sha256}, found ${found}`);
  }
  return text;
}

function invalid(message: string, cause?: unknown): KbootError {
  return new KbootError('BUNDLE_INVALID', message, { cause, hint: 'build it again: kboot bundle build' });
}
