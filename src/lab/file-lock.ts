import { once } from 'node:events';
import { execa } from 'execa';
import { KbootError } from '../lib/errors.ts';

/**
 * Waits until no other process holds the lock on this file or folder, and holds it until disposed. Nothing is left
 * behind: the lock is the kernel's, and ends with this process at the latest, because its holder reads a pipe.
 * Throws REFUSED when there is nothing to lock; when `signal` aborts, its reason.
 */
export async function holdLock(path: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  const holder = execa('flock', [path, 'sh', '-c', 'echo held && cat'], {
    reject: false,
    ...(signal && { cancelSignal: signal }),
  });
  const ended = await Promise.race([once(holder.stdout, 'data').then(() => undefined), holder]);
  signal?.throwIfAborted();
  if (ended !== undefined) throw new KbootError('REFUSED', `${path}: no lock: ${ended.shortMessage}`);
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await holder;
    },
  };
}
