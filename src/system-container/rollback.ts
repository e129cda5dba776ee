import type { Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';
import { requireInstalled } from './change/installed.ts';
import type { SwitchOptions } from './change/switch-files.ts';
import { CHECKOUT_ROOT, deploymentPath, otherSlot } from './machine/paths.ts';
import { switchToOther } from './update.ts';

export interface RollbackResult {
  readonly name: string;
  /** Folder of the deployment that is active now. */
  readonly deployment: string;
  /** Image ids. */
  readonly before: string;
  readonly after: string;
  readonly messages: readonly string[];
  readonly downtimeMs: number;
}

/**
 * Switches a container to its other deployment, with that one's unit, tmpfiles and host files as they were; twice
 * leads back. The caller holds the machine's lock. Throws REFUSED when there is nothing to go back to, and ROLLED_BACK
 * when that one does not come up and the one which was active runs again.
 */
export async function rollbackSystemContainer(
  host: Host,
  name: string,
  options: SwitchOptions = {},
): Promise<RollbackResult> {
  const installed = await requireInstalled(host, name, options.signal);
  const { info, other, slot } = installed;
  const place = deploymentPath(CHECKOUT_ROOT, name, otherSlot(slot));
  if (!other || other.prepared) {
    throw refused(host, `Error: Cannot find a previous deployment to rollback located at ${place}`, {
      hint: other
        ? `${place} was prepared by an update: kboot containers update ${name} --activate switches to it`
        : 'there is one after the first update',
    });
  }
  if (!other.info) {
    throw refused(
      host,
      `Error: Cannot find systemd service file for previous version. The previous checkout at ${place} may be corrupted.`,
      { hint: `kboot containers update ${name} makes it anew` },
    );
  }
  const applied = await switchToOther(host, installed, true, options);
  return {
    ...{ name, deployment: place, before: info.revision, after: other.info.revision },
    messages: [
      `Attempting to roll back system container: ${name}`,
      `Rolling back container ${name} to the checkout at ${place}`,
      ...applied.modified.map((path) => `Will not delete ${path} as it was manually modified.`),
      ...applied.existing.map((path) => `File ${path} already exists`),
    ],
    downtimeMs: applied.downtimeMs,
  };
}

function refused(host: Host, what: string, { hint }: { readonly hint: string }): KbootError {
  return new KbootError('REFUSED', `${host.name}: ${what}`, { host: host.name, hint });
}
