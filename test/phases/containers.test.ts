import { describe, expect, it, test } from 'vitest';
import type { OpenedImage } from '../../src/phases/containers/image.ts';
import { installStep } from '../../src/phases/containers/install-step.ts';
import { prune } from '../../src/phases/containers/prune-step.ts';
import { rollbackStep } from '../../src/phases/containers/rollback-step.ts';
import { clearImage, sendImage } from '../../src/phases/containers/send-image.ts';
import { startStep } from '../../src/phases/containers/start-step.ts';
import { uninstallStep } from '../../src/phases/containers/uninstall-step.ts';
import { activateStep, prepareStep } from '../../src/phases/containers/update-steps.ts';
import type { Phase } from '../../src/phases/phase.ts';
import type { MachineState } from '../../src/session/state.ts';
import {
  BUNDLE,
  clusterStateOf,
  digestOf,
  EMPTY_LEDGER,
  factsWith,
  stateWith,
} from '../helpers/cluster-state.ts';
import { contextWith } from '../helpers/phase-context.ts';

const layers = [
  { digest: digestOf('1'), size: 1_000_000 },
  { digest: digestOf('2'), size: 500_000 },
];
const image = (more: object = {}): OpenedImage =>
  ({
    source: { layers },
    image: { runOnce: false, manifest: { noContainerService: false }, ...more },
  }) as unknown as OpenedImage;

const without = stateWith('a', 'master');
const having = stateWith('a', 'master', { containers: [{ name: 'web' }] as never });
const name = 'web';
const send = sendImage(() => image());
const install = installStep({ name, imageOf: () => image(), valuesOf: () => ({}), display: false }, send);
const prepare = prepareStep({ name, imageOf: () => image(), values: {} }, send);

const decide = (phase: Phase, state: MachineState) => phase.decide(state, clusterStateOf(state), BUNDLE);
const isOn = (phase: Phase, state: MachineState) => phase.on(state, clusterStateOf(state));

describe('whether there is something to do', () => {
  it.each<[string, Phase, boolean, boolean]>([
    ['install, which looks whether it is as asked', install, true, true],
    ['prepare', prepare, false, true],
    ['activate', activateStep({ name }), false, true],
    ['rollback', rollbackStep({ name }), false, true],
    ['uninstall', uninstallStep(name, false), false, true],
    ['prune', prune, true, true],
  ])('%s', (_what, phase, whereAbsent, whereInstalled) => {
    expect([decide(phase, without).run, decide(phase, having).run]).toEqual([whereAbsent, whereInstalled]);
  });

  it.each<[string, Phase]>([
    ['activate', activateStep({ name })],
    ['rollback', rollbackStep({ name })],
  ])('%s is no step of a machine without the container', (_what, phase) => {
    expect([isOn(phase, without), isOn(phase, having)]).toEqual([false, true]);
  });

  test.each([
    ['prepared', true],
    ['unchanged', false],
  ] as const)('an update that is %s is switched to: %s', (status, run) => {
    const prepared = new Map([[having, { status } as never]]);
    expect(decide(activateStep({ name }, prepared), having).run).toBe(run);
  });

  test.each([
    ['a service', {}, true],
    ['an image that is run once', { runOnce: true }, false],
    ['an image without a service', { manifest: { noContainerService: true } }, false],
  ])('start of %s', (_what, more, run) => {
    expect(decide(startStep({ name, imageOf: () => image(more) }, install), without).run).toBe(run);
  });
});

describe('layers', () => {
  const facts = factsWith({ layers: new Set(['1'.repeat(64)]), staged: new Map([['2'.repeat(64), 10]]) });
  it.each<[string, MachineState, RegExp, boolean]>([
    ['are all sent to a machine that has none', without, /^2 layers are missing \(1\.5 MB\)$/, true],
    [
      'are sent again where only a part arrived',
      { ...without, facts },
      /^1 layers are missing \(0\.5 MB\)$/,
      true,
    ],
    [
      'are not sent where they are unpacked or staged whole',
      {
        ...without,
        facts: { ...facts, staged: new Map([['2'.repeat(64), 500_000]]) },
      },
      /has every layer/,
      false,
    ],
  ])('%s', (_what, state, because, run) => {
    expect(decide(send, state)).toEqual({ run, because: expect.stringMatching(because) });
  });

  it('are cleared away at the end, whatever happened', async () => {
    const clear = clearImage(() => image());
    expect(clear.always).toBe(true);
    expect(decide(clear, without).run).toBe(true);
    const all = factsWith({ layers: new Set(['1'.repeat(64), '2'.repeat(64)]) });
    expect(decide(clear, { ...without, facts: all }).run).toBe(false);
    const context = contextWith();
    context.host.on(/^sudo clear-blobs\.sh /);
    await clear.run(context);
    expect(context.host.calls[0]?.command.argv.slice(4)).toEqual(['/var/lib/kboot/blobs/sha256']);
  });
});

describe('what the cluster on a machine needs', () => {
  const member = { ...having, ledger: EMPTY_LEDGER };

  it('is not uninstalled', async () => {
    const context = contextWith({ clusterState: clusterStateOf(member), state: member });
    await expect(uninstallStep('kubelet', false).run(context)).rejects.toMatchObject({ code: 'REFUSED' });
    expect(context.host.transcript).toEqual([]);
  });

  it('goes one machine at a time where they decide together', () => {
    const serial = (container: string) =>
      [rollbackStep({ name: container }), activateStep({ name: container })].map((phase) => phase.serial);
    expect(serial('etcd')).toEqual([true, true]);
    expect(serial('kubelet')).toEqual([false, false]);
    expect(serial('of-somebody')).toEqual([false, false]);
  });
});
