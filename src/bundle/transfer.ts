import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { STREAM_MARK, script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { type Blob, hexOf } from './select.ts';

/** Sends may take long on a thin line: this many milliseconds for a machine that moves at all. */
const TRANSFER_TIMEOUT_MS = 6 * 60 * 60 * 1000;

/**
 * Takes `HEX SIZE` lines, each followed by that many bytes. A blob is written under a temporary name; then, while the
 * next one arrives, the file itself is hashed and made durable, and renamed when all is right: a name in the folder is
 * always a whole blob, also after a full disk or a power cut. It is marked as one that reads from the operator: when
 * that side falls silent, whoever holds the machine's lock ends it. dash reads a line byte by byte and `head -c` takes no
 * more than its count: nothing of the stream is lost between them.
 */
const RECEIVE = `
umask 077
export ${STREAM_MARK}
mkdir -p "$1"
cd "$1"
rm -f incoming.*
trap 'wait; rm -f incoming.$$.*' EXIT
trap '' PIPE
finish() {
  sum=$(sha256sum < "$2")
  if [ "\${sum%% *}" != "$1" ]; then
    echo "blob $1 arrived damaged" >&2
    exit 1
  fi
  sync "$2"
  mv "$2" "$1"
}
jobs=
while read -r hex size; do
  temporary=incoming.$$.$hex
  head -c "$size" > "$temporary"
  if [ "$(stat -c %s "$temporary")" != "$size" ]; then
    echo "blob $hex is cut off: the stream ended" >&2
    exit 1
  fi
  finish "$hex" "$temporary" &
  jobs="$jobs $!"
done
failed=
for job in $jobs; do wait "$job" || failed=yes; done
[ -z "$failed" ]
sync .
`;

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
    { ...script(RECEIVE, options.into), stdin, sudo: true, timeoutMs: TRANSFER_TIMEOUT_MS },
    options.signal,
  );
}
