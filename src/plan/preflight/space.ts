import { diskNeeded, podImages, systemImages } from '../../bundle/select.ts';
import { isImported, isInstalled, systemContainerName } from '../../phases/system-containers.ts';
import { type Check, error } from './problem.ts';

/** Kept free for logs, etcd and the first pods, in bytes. */
const RESERVE = 1_000_000_000;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Enough room below /var/lib for what will be sent and unpacked. */
export const disk: Check = (subject, _situation, bundle) => {
  const { role } = subject.machine;
  const wanted = [
    ...systemImages(bundle.lock, role).filter(
      (image) => !isInstalled(subject, systemContainerName(image), bundle),
    ),
    ...podImages(bundle.lock, role).filter((image) => !isImported(subject, image)),
  ];
  const needed = wanted.length === 0 ? 0 : diskNeeded(wanted) + RESERVE;
  const free = subject.facts.freeKiB * 1024;
  return free >= needed
    ? []
    : [
        error(
          `/var/lib has ${gigabytes(free)} free, ${gigabytes(needed)} are needed`,
          'free some space or grow the disk',
        ),
      ];
};
