import type { BundleLock, Role } from './lock.ts';
import { blobsOf, diskNeeded, podImages, systemImages } from './select.ts';

/** Bytes that a bundle costs one machine. */
export interface RoleTotals {
  readonly role: Role;
  /** Number of images. */
  readonly images: number;
  /** Sent to a machine that has nothing yet. */
  readonly sent: number;
  /** Asked of its disk. */
  readonly disk: number;
}

/** What a new machine of each role is sent, and what that takes on its disk. */
export function totalsOf(lock: BundleLock): readonly RoleTotals[] {
  const roles: readonly Role[] = ['master', 'node'];
  return roles.map((role) => {
    const images = [...systemImages(lock, role), ...podImages(lock, role)];
    const sent = blobsOf(images).reduce((sum, { size }) => sum + size, 0);
    return { role, images: images.length, sent, disk: diskNeeded(images) };
  });
}
