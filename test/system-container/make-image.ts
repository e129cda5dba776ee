import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { readSystemImage, type SystemImage } from '../../src/system-container/image/image.ts';
import type { LayerScan } from '../../src/system-container/layer/entry.ts';
import { scanLayer } from '../../src/system-container/layer/scan.ts';

/** A member of a test layer; a text is its content. */
export type Member = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

/** A layer as it lies in a bundle. */
export interface TestLayer {
  readonly digest: string;
  readonly blob: Buffer;
}

export async function makeLayer(members: readonly Member[]): Promise<TestLayer> {
  const archive = pack();
  for (const { content, ...header } of members) {
    const type = header.type ?? 'file';
    const mode = header.mode ?? (type === 'directory' || type === 'symlink' ? 0o755 : 0o644);
    archive.entry({ mtime: new Date(0), ...header, type, mode }, content ?? '');
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return layerOf(Buffer.concat(chunks));
}

/** A layer out of the bytes of a tar archive. */
export const layerOf = (tar: Buffer): TestLayer => layerFrom(gzipSync(tar));

/** A layer that is these bytes, compressed or not. */
export function layerFrom(blob: Buffer): TestLayer {
  return { digest: `sha256:${createHash('sha256').update(blob).digest('hex')}`, blob };
}

export const scan = ({ blob, digest }: TestLayer): Promise<LayerScan> =>
  scanLayer(Readable.from([blob]), digest);

/** An image of these layers, base first. Its id is made from its name and layers. */
export async function makeImage(
  name: string,
  layers: readonly TestLayer[],
  labels: Readonly<Record<string, string>> = {},
): Promise<SystemImage> {
  const id = createHash('sha256')
    .update(`${name} ${layers.map(({ digest }) => digest).join(' ')}`)
    .digest('hex');
  return readSystemImage({ name, id, labels, layers: await Promise.all(layers.map(scan)) });
}

export const directory = (name: string, mode = 0o755): Member => ({ name, type: 'directory', mode });
export const file = (name: string, content: string | Buffer, mode = 0o644): Member => ({
  name,
  content,
  mode,
});
export const link = (name: string, linkname: string): Member => ({ name, type: 'symlink', linkname });
export const hardLink = (name: string, linkname: string): Member => ({ name, type: 'link', linkname });
