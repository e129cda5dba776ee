import type { BundleImage } from '../bundle/lock.ts';
import type { Bundle } from '../bundle/open.ts';
import { podImages, systemImages } from '../bundle/select.ts';
import type { MachineState } from '../session/state.ts';
import { isImported, isInstalled, systemContainerName } from './system-containers.ts';

/** Pod images that must be there before the control plane can start; the others follow while it does. */
const FIRST = /\/(pause|kube-apiserver|kube-controller-manager|kube-scheduler):/;

/** Chooses those images of the bundle that a machine lacks. */
export type Choose = (state: MachineState, bundle: Bundle) => readonly BundleImage[];

export const missingSystemImages: Choose = (state, bundle) =>
  systemImages(bundle.lock, state.machine.role).filter(
    (image) => !isInstalled(state, systemContainerName(image), bundle),
  );

const missingPodImages: Choose = (state, bundle) =>
  podImages(bundle.lock, state.machine.role).filter((image) => !isImported(state, image));

export const missingFirstImages: Choose = (state, bundle) =>
  missingPodImages(state, bundle).filter(({ name }) => FIRST.test(name));

export const missingOtherImages: Choose = (state, bundle) =>
  missingPodImages(state, bundle).filter(({ name }) => !FIRST.test(name));

export const missingImages: Choose = (state, bundle) => [
  ...missingSystemImages(state, bundle),
  ...missingPodImages(state, bundle),
];
