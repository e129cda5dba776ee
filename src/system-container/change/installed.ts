import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { KbootError } from '../../lib/errors.ts';
import { type FoundDeployment, type FoundDeployments, parseDeployments } from '../deployment/deployments.ts';
import type { Info } from '../deployment/info.ts';
import { CHECKOUT_ROOT, otherSlot, type Slot, slotOf } from '../machine/paths.ts';
import { recoverSwitch } from './apply.ts';

/** A container that is installed on a machine. */
export interface Installed {
  readonly name: string;
  /** Of the active deployment. */
  readonly slot: Slot;
  readonly info: Info;
  /** What is in the other slot. */
  readonly other: FoundDeployment | undefined;
}

/** Everything in a machine's checkout root. */
export async function findDeployments(host: Host, signal?: AbortSignal): Promise<FoundDeployments> {
  const list = remoteScript('system-container/list-deployments', CHECKOUT_ROOT);
  const { stdout } = await host.query({ ...list, sudo: true }, signal);
  return parseDeployments(stdout);
}

/**
 * An installed container; a switch of it that was cut off is ended before. Throws REFUSED when there is none of the
 * name, or when its files are damaged.
 */
export async function requireInstalled(host: Host, name: string, signal?: AbortSignal): Promise<Installed> {
  let found = await findDeployments(host, signal);
  if (found.interrupted.has(name)) {
    await recoverSwitch(host, CHECKOUT_ROOT, name, signal);
    found = await findDeployments(host, signal);
  }
  return installedIn(host, found, name);
}

/** The same without changing anything: for those who only look. */
export async function requireListed(host: Host, name: string, signal?: AbortSignal): Promise<Installed> {
  return installedIn(host, await findDeployments(host, signal), name);
}

function installedIn(host: Host, found: FoundDeployments, name: string): Installed {
  const folder = found.links.get(name);
  if (folder === undefined) {
    throw new KbootError('REFUSED', `${host.name}: System container '${name}' is not installed`, {
      host: host.name,
      hint: 'kboot containers list -a shows what is',
    });
  }
  const slot = slotOf(folder);
  const info = found.folders.get(folder)?.info;
  if (slot === undefined || !info) {
    throw new KbootError('REFUSED', `${host.name}: ${name}: its deployment ${folder} has no readable info`, {
      host: host.name,
      hint: `kboot containers uninstall ${name}, then install it again`,
    });
  }
  return { name, slot, info, other: found.folders.get(`${name}.${otherSlot(slot)}`) };
}
