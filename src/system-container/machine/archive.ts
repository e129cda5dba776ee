import { pack } from 'tar-stream';

/** What a script works from: texts by their path in the archive that it gets on stdin. */
export type Files = ReadonlyMap<string, string>;

/** An archive of these texts, each part in a folder of its name. */
export async function archiveOf(parts: Readonly<Record<string, Files | undefined>>): Promise<Uint8Array> {
  const archive = pack();
  for (const [part, files] of Object.entries(parts)) {
    for (const [name, text] of files ?? []) archive.entry({ name: `${part}/${name}`, mode: 0o644 }, text);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
