import { once } from 'node:events';
import { execa } from 'execa';

/**
 * Waits until no other process holds the lock on this file or folder, and holds it until disposed. Nothing is left
 * behind: the lock is the kernel's, and ends with this process at the latest, because its holder reads a pipe.
 */
export async function holdLock(path: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  const holder = execa('flock', [path, 'sh', '-c', 'echo held && cat'], {
    reject: false,
    ...(signal && { cancelSignal: signal }),
  });
  await Promise.race([once(holder.stdout, 'data'), holder]);
  signal?.throwIfAborted();
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await holder;
    },
  };
}
