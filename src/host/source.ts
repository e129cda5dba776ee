import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';

/**
 * Standard input as a text or a stream. Throws TypeError for a stream that was read before: it would never
 * end.
 */
export function toSource(stdin: string | Uint8Array | Readable | undefined): string | Readable {
  if (stdin === undefined) return '';
  if (typeof stdin === 'string') return stdin;
  if (stdin instanceof Readable) {
    if (stdin.readableEnded || stdin.destroyed) throw new TypeError('the stream for stdin was read before');
    return stdin;
  }
  return Readable.from(Buffer.from(stdin.buffer, stdin.byteOffset, stdin.byteLength));
}
