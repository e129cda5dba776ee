import type { MachineState } from '../../session/state.ts';
import { type InstallResult, installSystemContainer, runOnce } from '../../system-container/index.ts';
import { runcPath } from '../install-container.ts';
import { everywhere, type Phase, yes } from '../phase.ts';
import type { ImageOf } from './send-image.ts';
import { has, ofMachine, rootfsOf } from './step.ts';

export interface InstallSettings {
  readonly name: string;
  readonly imageOf: ImageOf;
  readonly valuesOf: (state: MachineState) => Readonly<Record<string, string>>;
  readonly runtime?: string | undefined;
  /** A root filesystem on the machine to use. */
  readonly rootfs?: string | undefined;
  /** Only says what would be installed. */
  readonly display: boolean;
}

/** What came of an install: of an image that is run once, its exit status. */
export type Installed = Pick<InstallResult, 'name' | 'messages' | 'warnings'> & {
  readonly status: InstallResult['status'] | 'ran';
  readonly exitCode?: number | undefined;
};

/** Installs a container, or runs an image that wants to be run once, when its layers are sent. */
export function installStep(settings: InstallSettings, sent: Phase): Phase<Installed | undefined> {
  const { name, imageOf, valuesOf, rootfs, display } = settings;
  return {
    id: 'install',
    title: `Install ${name}`,
    on: everywhere,
    after: [sent],
    decide: (state) =>
      has(name, state) ? yes('it is there: whether as asked is seen') : yes('not installed'),
    async run({ host, state, signal, warn }) {
      const opened = imageOf(state);
      if (!opened) return undefined;
      const values = valuesOf(state);
      const runtime = settings.runtime ?? runcPath(state.facts);
      const common = { name, runtime, values, ...ofMachine(state) };
      if (opened.image.runOnce) {
        const { exitCode, stdout, stderr, warnings } = await runOnce(
          host,
          { image: opened.image, ...common },
          signal,
        );
        for (const text of [...warnings, ...linesOf(stderr)]) warn(text);
        return { status: 'ran', name, exitCode, warnings, messages: linesOf(stdout) };
      }
      const { image, remote } = await rootfsOf(host, opened.image, rootfs, signal);
      const result = await installSystemContainer(host, { image, ...common, remote, display }, { signal });
      for (const warning of result.warnings) warn(warning);
      const messages = remote?.inFolder
        ? [`The remote rootfs for this container is set to be ${remote.rootfs}`, ...result.messages]
        : result.messages;
      return { ...result, messages };
    },
  };
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
