import type { BundleImage } from '../bundle/lock.ts';
import type { Bundle } from '../bundle/open.ts';
import { podImages, systemImages } from '../bundle/select.ts';
import type { MachineState } from '../session/state.ts';
import { isImported, isInstalled, systemContainerName } from './system-containers.ts';

/** Pod images that must be there before the control plane can start; the others follow while it does. */
const FIRST = /\/(pause|kube-apiserver|kube-controller-manager|kube-scheduler):/;

/** Chooses those images of the bundle that a machine lacks. */
export type Choose = (subject: MachineState, bundle: Bundle) => readonly BundleImage[];

export const missingSystemImages: Choose = (subject, bundle) =>
  systemImages(bundle.lock, subject.machine.role).filter(
    (image) => !isInstalled(subject, systemContainerName(image), bundle),
  );

const missingPodImages: Choose = (subject, bundle) =>
  podImages(bundle.lock, subject.machine.role).filter((image) => !isImported(subject, image));

export const missingFirstImages: Choose = (subject, bundle) =>
  missingPodImages(subject, bundle).filter(({ name }) => FIRST.test(name));

export const missingOtherImages: Choose = (subject, bundle) =>
  missingPodImages(subject, bundle).filter(({ name }) => !FIRST.test(name));

export const missingImages: Choose = (subject, bundle) => [
  ...missingSystemImages(subject, bundle),
  ...missingPodImages(subject, bundle),
];
