import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { STREAM_MARK } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { type Blob, hexOf } from './select.ts';

/** Sends may take long on a thin line: this many milliseconds for a machine that moves at all. */
const TRANSFER_TIMEOUT_MS = 6 * 60 * 60 * 1000;

export interface TransferOptions {
  /** The bundle's file of a blob. */
  readonly blobPath: (digest: string) => string;
  /** Folder on the machine. */
  readonly into: string;
  /** Bytes sent so far. */
  readonly onProgress?: (sent: number) => void;
  readonly signal?: AbortSignal;
}

async function* framed(blobs: readonly Blob[], { blobPath, onProgress }: TransferOptions) {
  let sent = 0;
  for (const { digest, size } of blobs) {
    yield Buffer.from(`${hexOf(digest)} ${size}\n`);
    for await (const chunk of createReadStream(blobPath(digest), { highWaterMark: 256 * 1024 })) {
      yield chunk as Buffer;
      sent += (chunk as Buffer).length;
      onProgress?.(sent);
    }
  }
}

/**
 * Sends blobs to a machine in one stream, read from disk as it goes. Every blob that arrived whole stays, also
 * when the connection drops in the middle: the next run sends the others. Throws COMMAND_FAILED when a blob
 * does not have its digest on arrival.
 */
export async function sendBlobs(host: Host, blobs: readonly Blob[], options: TransferOptions): Promise<void> {
  if (blobs.length === 0) return;
  const stdin = Readable.from(framed(blobs, options), { objectMode: false, highWaterMark: 1024 * 1024 });
  await host.change(
    {
      ...remoteScript('bundle/receive-blobs', options.into, STREAM_MARK),
      stdin,
      sudo: true,
      timeoutMs: TRANSFER_TIMEOUT_MS,
    },
    options.signal,
  );
}
