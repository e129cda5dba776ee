import { hexOf } from '../../bundle/select.ts';
import { CHECKOUT_ROOT, STATE_DIR } from '../../cluster/paths.ts';
import { megabytes } from '../../lib/units.ts';
import { type ImageOf, missingLayers } from '../../phases/containers/send-image.ts';
import type { ClusterState, MachineState } from '../../session/state.ts';
import { refuseErrors } from './preflight.ts';
import { error } from './problem.ts';

/** Kept free beside what is unpacked, in bytes: the machine writes logs, and etcd stops on a full disk. */
const RESERVE = 100_000_000;

/**
 * Throws PREFLIGHT_FAILED when a machine has no room for the layers of its image: for those that it has to be sent, and
 * for those that it has not unpacked yet.
 */
export function requireSpace({ states }: ClusterState, imageOf: ImageOf): void {
  refuseErrors(
    states.flatMap((state) =>
      problemsOf(state, imageOf).map((problem) => ({ ...problem, host: state.machine.name })),
    ),
  );
}

function problemsOf(state: MachineState, imageOf: ImageOf) {
  const { layers, disks } = state.facts;
  const opened = imageOf(state);
  const toUnpack = (opened?.source.layers ?? []).filter(({ digest }) => !layers.has(hexOf(digest)));
  if (toUnpack.length === 0) return [];
  const needs = [
    [CHECKOUT_ROOT, RESERVE + sumOf(toUnpack.map(({ digest }) => opened?.unpackedSizes.get(digest) ?? 0))],
    [STATE_DIR, sumOf(missingLayers(state, opened).map(({ size }) => size))],
  ] as const;
  const mounts = new Set(needs.flatMap(([place]) => disks.get(place)?.mount ?? []));
  return [...mounts].flatMap((mount) => {
    const here = needs.filter(([place]) => disks.get(place)?.mount === mount);
    const [place = mount] = here.map(([first]) => first);
    const needed = sumOf(here.map(([, bytes]) => bytes));
    const free = (disks.get(place)?.freeKiB ?? 0) * 1024;
    if (free >= needed) return [];
    const what = `${megabytes(free)} free, ${megabytes(needed)} are needed for the layers of the image`;
    return [
      error(
        `${place} has ${what}`,
        'free some space or grow the disk; kboot containers prune deletes what no container needs',
      ),
    ];
  });
}

const sumOf = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);
