import { importImages } from '../bundle/import.ts';
import type { BundleImage } from '../bundle/lock.ts';
import { isUnbuilt } from '../bundle/none.ts';
import type { Bundle } from '../bundle/open.ts';
import { podImages, systemImages } from '../bundle/select.ts';
import { sendBlobs } from '../bundle/transfer.ts';
import { BLOBS_DIR } from '../facts/paths.ts';
import { everywhere, no, type Phase, type Subject, yes } from './phase.ts';
import { isImported, isInstalled, missingBlobs, systemContainerName } from './system-containers.ts';

/** Images that must be there before the control plane can start; the others follow while it does. */
const FIRST = /\/(pause|kube-apiserver|kube-controller-manager|kube-scheduler):/;

const pods =
  (first: boolean) =>
  (subject: Subject, bundle: Bundle): readonly BundleImage[] =>
    podImages(bundle.lock, subject.machine.role).filter(
      (image) => FIRST.test(image.name) === first && !isImported(subject, image),
    );

const system = (subject: Subject, bundle: Bundle): readonly BundleImage[] =>
  systemImages(bundle.lock, subject.machine.role).filter(
    (image) => !isInstalled(subject, systemContainerName(image), bundle),
  );

/** A size for people. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** A phase that sends the blobs which the chosen images still lack. */
function sendPhase(
  id: string,
  title: string,
  after: readonly string[],
  choose: (subject: Subject, bundle: Bundle) => readonly BundleImage[],
): Phase {
  return {
    id,
    title,
    on: everywhere,
    after,
    decide: (subject, _situation, bundle) => {
      if (isUnbuilt(bundle)) return yes('what the machine lacks of the bundle, which is not built yet');
      const missing = missingBlobs(subject, choose(subject, bundle));
      const bytes = missing.reduce((sum, { size }) => sum + size, 0);
      return missing.length === 0
        ? no('the machine has every blob')
        : yes(`${missing.length} blobs are missing (${megabytes(bytes)})`);
    },
    async run({ host, subject, bundle, progress, signal }) {
      const missing = missingBlobs(subject, choose(subject, bundle));
      const total = missing.reduce((sum, { size }) => sum + size, 0);
      await sendBlobs(host, missing, {
        blobPath: (digest) => bundle.blobPath(digest),
        into: BLOBS_DIR,
        onProgress: (done) => progress({ done, total }),
        signal,
      });
    },
  };
}

/** A phase that hands staged images to containerd. */
function importPhase(
  id: string,
  title: string,
  after: readonly string[],
  choose: (subject: Subject, bundle: Bundle) => readonly BundleImage[],
): Phase {
  return {
    id,
    title,
    on: everywhere,
    after,
    // Pods that run already wait for their images, whatever failed since.
    finishes: true,
    decide: (subject, _situation, bundle) => {
      if (isUnbuilt(bundle)) return yes('what containerd lacks of the bundle, which is not built yet');
      const images = choose(subject, bundle);
      return images.length === 0 ? no('containerd has them') : yes(`${images.length} images are missing`);
    },
    async run({ host, subject, bundle, signal }) {
      await importImages(host, choose(subject, bundle), bundle.lock.arch, BLOBS_DIR, signal);
    },
  };
}

export const sendSystem = sendPhase('send-system', 'Send the system images', ['baseline'], system);
export const sendFirst = sendPhase('send-first', 'Send the first pod images', ['send-system'], pods(true));
export const sendRest = sendPhase('send-rest', 'Send the other pod images', ['send-first'], pods(false));

export const importFirst = importPhase(
  'import-first',
  'Import the first pod images',
  ['send-first', 'node-runtime'],
  pods(true),
);
export const importRest = importPhase(
  'import-rest',
  'Import the other pod images',
  ['send-rest', 'import-first'],
  pods(false),
);

/** Blobs are of no more use once they are unpacked and imported. */
export const clearBlobs: Phase = {
  id: 'clear-blobs',
  title: 'Clear away the sent blobs',
  on: everywhere,
  after: ['import-rest', 'kubelet', 'etcd'],
  decide: (subject, _situation, bundle) => {
    const waiting = [system, pods(true), pods(false)].some((choose) => choose(subject, bundle).length > 0);
    return subject.facts.staged.size > 0 || waiting
      ? yes('nothing needs them once they are in place')
      : no('there are none');
  },
  async run({ host, signal }) {
    await host.change({ argv: ['rm', '-rf', BLOBS_DIR], sudo: true }, signal);
  },
};
