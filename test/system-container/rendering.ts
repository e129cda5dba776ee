import { settle } from '../../src/system-container/change/decide.ts';
import { pathsToAsk, type RenderInputs, render } from '../../src/system-container/deployment/render.ts';
import type { PathState } from '../../src/system-container/host-file/host-files.ts';
import type { SystemImage } from '../../src/system-container/image/image.ts';
import { machineCapabilities } from '../../src/system-container/machine/capabilities.ts';
import { CHECKOUT_ROOT } from '../../src/system-container/machine/paths.ts';

/** What an image is rendered with on a machine where nothing is special. */
export function inputs(image: SystemImage, changes: Partial<RenderInputs> = {}): RenderInputs {
  return {
    ...{ image, name: 'test', root: CHECKOUT_ROOT, slot: 0, userValues: {} },
    uuid: '0b57d7a4-3a4c-4d71-9f7c-0f4a1c5bb0aa',
    // A machine that cannot raise limits.
    capabilities: machineCapabilities('000001fffeffffff'),
    runtime: '/usr/local/bin/runc',
    readOnly: [],
    features: { systemdCgroup: true, pidFile: true },
    spec: undefined,
    ...changes,
  };
}

/** What is done with an image on a machine where paths are as `states` says, and absent otherwise. */
export function decided(
  image: SystemImage,
  changes: Partial<RenderInputs>,
  states: Readonly<Record<string, PathState>>,
) {
  const all = inputs(image, changes);
  const rendered = render(all);
  return settle({
    ...{ image, name: all.name, userValues: all.userValues, runtime: all.runtime, rendered },
    layers: ['a'.repeat(64)],
    states: new Map(pathsToAsk(rendered, all.name).map((asked) => [asked, states[asked] ?? 'absent'])),
    leftovers: undefined,
    created: 1_760_000_000,
  });
}

/** The directories that every machine has. */
export const HOST = Object.fromEntries(
  [
    '/etc',
    '/usr',
    '/usr/local',
    '/usr/local/bin',
    '/etc/systemd',
    '/etc/systemd/system',
    '/etc/tmpfiles.d',
    '/var',
    '/var/lib',
    '/opt',
  ].map((directory) => [directory, 'directory'] as const),
);

/** `root` of a config.json. */
export const ROOT = { path: 'rootfs', readonly: true };
