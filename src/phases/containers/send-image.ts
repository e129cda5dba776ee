import { type Blob, hexOf } from '../../bundle/select.ts';
import { sendBlobs } from '../../bundle/transfer.ts';
import { BLOBS_DIR, STATE_DIR } from '../../cluster/paths.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { megabytes } from '../../lib/units.ts';
import type { MachineState } from '../../session/state.ts';
import { everywhere, no, type Phase, yes } from '../phase.ts';
import type { OpenedImage } from './image.ts';

/** The image that a machine is to get; undefined where it gets none. */
export type ImageOf = (state: MachineState) => OpenedImage | undefined;

/** The layers of an image which a machine has nowhere yet, neither packed nor unpacked. */
export function missingLayers({ facts }: MachineState, opened: OpenedImage | undefined): readonly Blob[] {
  return (opened?.source.layers ?? []).filter(({ digest, size }) => {
    const hex = hexOf(digest);
    return !facts.layers.has(hex) && facts.staged.get(hex) !== size && !facts.contents.has(hex);
  });
}

/** Sends the layers of an image which a machine has nowhere yet. */
export function sendImage(imageOf: ImageOf): Phase {
  return {
    id: 'send-image',
    title: 'Send the layers of the image',
    on: everywhere,
    after: [],
    decide: (state) => {
      const missing = missingLayers(state, imageOf(state));
      const bytes = missing.reduce((sum, { size }) => sum + size, 0);
      return missing.length === 0
        ? no('the machine has every layer')
        : yes(`${missing.length} layers are missing (${megabytes(bytes)})`);
    },
    async run({ host, state, progress, signal }) {
      const opened = imageOf(state);
      const missing = missingLayers(state, opened);
      const total = missing.reduce((sum, { size }) => sum + size, 0);
      if (!opened) return;
      await sendBlobs(host, missing, {
        blobPath: (digest) => opened.source.blobPath(digest),
        into: BLOBS_DIR,
        onProgress: (done) => progress({ done, total }),
        signal,
      });
    },
  };
}

/** Clears the sent layers away: unpacked, they are of no more use. */
export function clearImage(imageOf: ImageOf): Phase {
  return {
    id: 'clear-image',
    title: 'Clear away the sent layers',
    on: everywhere,
    after: [],
    always: true,
    decide: (state) =>
      state.facts.staged.size > 0 || missingLayers(state, imageOf(state)).length > 0
        ? yes(`nothing below ${STATE_DIR} is needed once it is unpacked`)
        : no('nothing was sent'),
    async run({ host, signal }) {
      await host.change({ ...remoteScript('phases/clear-blobs', BLOBS_DIR), sudo: true }, signal);
    },
  };
}
