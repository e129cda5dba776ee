import { diskNeeded } from '../../bundle/select.ts';
import { gigabytes } from '../../lib/units.ts';
import { missingImages } from '../../phases/missing-images.ts';
import { type Check, error } from './problem.ts';

/** Kept free for logs, etcd and the first pods, in bytes. */
const RESERVE = 1_000_000_000;

/** Enough room below /var/lib for what will be sent and unpacked. */
export const disk: Check = (state, _clusterState, bundle) => {
  const wanted = missingImages(state, bundle);
  const needed = wanted.length === 0 ? 0 : diskNeeded(wanted) + RESERVE;
  const free = state.facts.freeKiB * 1024;
  return free >= needed
    ? []
    : [
        error(
          `/var/lib has ${gigabytes(free)} free, ${gigabytes(needed)} are needed`,
          'free some space or grow the disk',
        ),
      ];
};
