import { z } from 'zod';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const size = z.int().nonnegative();
/** Names are arguments of programs, also on the machines. */
const plain = z.string().regex(/^[A-Za-z0-9][^\s\0]*$/);

const role = z.enum(['master', 'node']);

const blob = z.strictObject({ digest, size });

const layer = z.strictObject({
  /** Of the compressed blob. */
  digest,
  size,
  /** Of the uncompressed tar: what the machine's disk is asked for. */
  diffId: digest,
  unpackedSize: size,
});

const image = z.strictObject({
  /** `registry.k8s.io/kube-proxy:v1.37.2` for a pod image, `kboot/kubelet:v1.37.2` for a system image. */
  name: plain,
  kind: z.enum(['system', 'pod']),
  /** The roles whose machines need the image. */
  roles: z.array(role),
  manifest: blob,
  config: blob,
  /** Base first. */
  layers: z.array(layer),
});

const manifest = z.strictObject({
  /** `flannel` */
  name: plain,
  version: z.string(),
  /** Path inside the bundle. */
  file: z.string().refine((file) => /^[^/\0][^\0]*$/.test(file) && !/(^|\/)\.{0,2}(\/|$)/.test(file), {
    error: 'must be a path inside the bundle',
  }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size,
});

/**
 * `bundle.json`: all that a bundle holds. The SHA-256 of this file is the bundle's digest; since it names every
 * blob by digest, it pins all of them.
 */
export const BundleLock = z.strictObject({
  apiVersion: z.literal('kboot/v1'),
  kind: z.literal('Bundle'),
  /** `v1.37.2` */
  kubernetes: z.string().regex(/^v\d+\.\d+\.\d+([-+][\w.+-]+)?$/),
  arch: z.enum(['amd64', 'arm64']),
  source: z.enum(['modules', 'upstream']),
  /** Component name (etcd, containerd, runc, flannel, coredns, pause, cni-plugins, ...) to version. */
  versions: z.record(z.string(), z.string()),
  images: z.array(image),
  manifests: z.array(manifest),
});

export type BundleLock = Readonly<z.output<typeof BundleLock>>;
export type BundleImage = BundleLock['images'][number];
export type BundleLayer = BundleImage['layers'][number];
export type Role = z.output<typeof role>;
