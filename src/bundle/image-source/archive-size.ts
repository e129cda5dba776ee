import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { archiveBytes } from '../../lib/tar-bytes.ts';
import { type Room, tooLarge } from './cache-room.ts';
import type { Choice } from './layout.ts';

/**
 * The bytes that an archive takes once it is decompressed, found out without writing any of them. Throws IMAGE_INVALID
 * when it is more than an image may take, or when the file is compressed in a way that cannot be read.
 */
export async function unpackedSize(
  path: string,
  room: Room,
  { name, signal }: Pick<Choice, 'name' | 'signal'>,
): Promise<number> {
  let size = 0;
  const count = async (content: AsyncIterable<Buffer>) => {
    for await (const chunk of content) {
      size += chunk.length;
      if (size > room.limit) throw tooLarge(name, room);
    }
  };
  try {
    const { bytes, toTar } = await archiveBytes(createReadStream(path));
    await pipeline(bytes, toTar, count, signal === undefined ? {} : { signal });
    return size;
  } catch (cause) {
    signal?.throwIfAborted();
    // To stop there breaks what feeds it, and that may be the error that arrives.
    if (size > room.limit) throw tooLarge(name, room);
    throw new KbootError('IMAGE_INVALID', `${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}
