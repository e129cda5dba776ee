import { createHash } from 'node:crypto';
import type { LayerEntry } from './entry.ts';

const LETTER = { directory: 'd', file: 'f', link: 'l' } as const;

/**
 * SHA-256 in hex over `TYPE PATH TAB TARGET NUL` of every path, in the order of bytes: as
 * remote/lib/fingerprint.sh has it of a folder on a machine.
 */
export function fingerprint(entries: Iterable<LayerEntry>, impliedDirectories: Iterable<string>): string {
  const lines = [
    ...Array.from(
      entries,
      (entry) => `${LETTER[entry.type]}${entry.path}\t${entry.type === 'link' ? entry.target : ''}\0`,
    ),
    ...Array.from(impliedDirectories, (path) => `d${path}\t\0`),
  ].map((line) => Buffer.from(line));
  const hash = createHash('sha256');
  for (const line of lines.sort(Buffer.compare)) hash.update(line);
  return hash.digest('hex');
}
