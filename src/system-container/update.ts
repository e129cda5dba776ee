import { randomUUID } from 'node:crypto';
import type { Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';
import { type Applied, applyChange } from './change/apply.ts';
import { buildFiles } from './change/build-files.ts';
import { deploymentMessages } from './change/deployment-messages.ts';
import { type Installed, requireInstalled } from './change/installed.ts';
import { unpackMissing } from './change/layer-store.ts';
import { askMachine, settleAsked } from './change/plan-deployment.ts';
import { type SwitchOptions, sideOf, switchFiles } from './change/switch-files.ts';
import type { DeploymentSpec } from './deployment/deployment-spec.ts';
import { isSame, recordedValues, type UserValues } from './deployment/user-values.ts';
import type { SystemImage } from './image/image.ts';
import { CHECKOUT_ROOT, DEFAULT_RUNTIME, deploymentPath, otherSlot } from './machine/paths.ts';

export interface UpdateRequest {
  readonly image: SystemImage;
  readonly name: string;
  /** Variables to set from now on; those of earlier are kept. */
  readonly values?: UserValues;
  readonly runtime?: string | undefined;
  readonly capabilities: readonly string[];
  readonly blobDirs: readonly string[];
  /** Directories that are read-only on the machine, of those in MAY_BE_READ_ONLY; none when absent. */
  readonly readOnly?: readonly string[];
  /** Builds the deployment and does not switch to it. */
  readonly prepareOnly?: boolean;
  readonly remote?: DeploymentSpec['remote'];
}

export interface UpdateOptions extends SwitchOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface UpdateResult {
  /** `unchanged`: the active deployment is of this image with these values already. */
  readonly status: 'updated' | 'prepared' | 'unchanged';
  readonly name: string;
  /** Folder of the deployment that was switched to or prepared; of the active one when nothing changed. */
  readonly deployment: string;
  /** Image ids. */
  readonly before: string;
  readonly after: string;
  readonly messages: readonly string[];
  readonly warnings: readonly string[];
  /** Milliseconds from the service's stop until it was up again. */
  readonly downtimeMs: number;
}

/**
 * Updates a container: the other deployment is built completely while the service runs, then the service switches to
 * it. One that does not come up is rolled back. The caller holds the machine's lock.
 *
 * Throws REFUSED for a container that is not installed, ROLLED_BACK, and what an install throws.
 */
export async function updateSystemContainer(
  host: Host,
  request: UpdateRequest,
  { signal, healthTimeoutS, now = Date.now }: UpdateOptions = {},
): Promise<UpdateResult> {
  const { image, name, capabilities, remote, readOnly = [] } = request;
  const installed = await requireInstalled(host, name, signal);
  const { info: previous, slot: active, other } = installed;
  const recorded = recordedValues(previous);
  const userValues = { ...recorded, ...request.values };
  const dir = deploymentPath(CHECKOUT_ROOT, name, otherSlot(active));
  const result = { name, before: previous.revision, after: image.id, warnings: [], downtimeMs: 0 };
  if (previous.revision === image.id && isSame(recorded, userValues)) {
    const deployment = deploymentPath(CHECKOUT_ROOT, name, active);
    return { ...result, status: 'unchanged', deployment, messages: ['Latest version already installed.'] };
  }
  if (
    other?.prepared &&
    other.info?.revision === image.id &&
    isSame(recordedValues(other.info), userValues)
  ) {
    if (request.prepareOnly) {
      return { ...result, status: 'prepared', deployment: dir, messages: [`${dir} is prepared already`] };
    }
    return activateSystemContainer(host, name, { signal, healthTimeoutS });
  }

  const spec: DeploymentSpec = {
    ...{ image, name, userValues, capabilities, slot: otherSlot(active), remote, readOnly },
    uuid: String(previous.values['UUID'] ?? randomUUID()),
    runtime: request.runtime ?? (previous.runtime || DEFAULT_RUNTIME),
  };
  const asked = await askMachine(host, spec, previous, signal);
  const settled = settleAsked(spec, asked, { previous, created: Math.floor(now() / 1000) });
  await unpackMissing(host, spec, asked.answers.deployments.layers, request.blobDirs, signal);
  const applied = await applyChange(
    host,
    {
      ...{ root: CHECKOUT_ROOT, name, slot: otherSlot(active), active },
      build: buildFiles(name, image, settled),
      ...(!request.prepareOnly && {
        switch: switchFiles({
          from: previous,
          to: sideOf(settled),
          fromDir: deploymentPath(CHECKOUT_ROOT, name, active),
          toDir: dir,
          ...{ enable: [], healthTimeoutS },
        }),
      }),
    },
    signal,
  );
  return {
    ...result,
    status: request.prepareOnly ? 'prepared' : 'updated',
    deployment: dir,
    messages: [
      ...(remote
        ? ['Updating a container with a remote rootfs. Only changes to config will be applied.']
        : []),
      ...deploymentMessages(dir, settled, applied),
    ],
    warnings: asked.rendered.warnings,
    downtimeMs: applied.downtimeMs,
  };
}

/** Switches to the deployment that was prepared. Throws REFUSED without one. */
export async function activateSystemContainer(
  host: Host,
  name: string,
  options: SwitchOptions = {},
): Promise<UpdateResult> {
  const { signal } = options;
  const installed = await requireInstalled(host, name, signal);
  const { other, info } = installed;
  if (!other?.prepared || !other.info) {
    throw new KbootError('REFUSED', `${host.name}: no deployment of ${name} is prepared`, {
      host: host.name,
      hint: `kboot containers update ${name} --prepare`,
    });
  }
  const applied = await switchToOther(host, installed, false, options);
  return {
    ...{ status: 'updated', name, before: info.revision, after: other.info.revision },
    deployment: deploymentPath(CHECKOUT_ROOT, name, otherSlot(installed.slot)),
    messages: applied.modified.map((path) => `Will not delete ${path} as it was manually modified.`),
    warnings: [],
    downtimeMs: applied.downtimeMs,
  };
}

/** Makes the deployment that is complete in the other slot the active one. */
export function switchToOther(
  host: Host,
  { name, slot, info, other }: Installed,
  known: boolean,
  { signal, healthTimeoutS }: SwitchOptions,
): Promise<Applied> {
  const to = otherSlot(slot);
  if (!other?.info) throw new TypeError(`${name}: the other deployment has no info`);
  return applyChange(
    host,
    {
      ...{ root: CHECKOUT_ROOT, name, slot: to, active: slot },
      switch: switchFiles({
        ...{ from: info, to: other.info, enable: [], known, healthTimeoutS },
        fromDir: deploymentPath(CHECKOUT_ROOT, name, slot),
        toDir: deploymentPath(CHECKOUT_ROOT, name, to),
      }),
    },
    signal,
  );
}
