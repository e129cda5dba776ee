import type { SystemImage } from '../image/image.ts';
import type { Slot } from '../machine/paths.ts';

/** A deployment that somebody wants on a machine. */
export interface DeploymentSpec {
  readonly image: SystemImage;
  readonly name: string;
  readonly slot: Slot;
  readonly userValues: Readonly<Record<string, string>>;
  readonly uuid: string;
  /** What the machine's bounding set allows; see machineCapabilities(). */
  readonly capabilities: readonly string[];
  /** Path of the OCI runtime on the machine. */
  readonly runtime: string;
  /** Directories that are read-only on the machine, of those in MAY_BE_READ_ONLY. */
  readonly readOnly: readonly string[];
  readonly remote?: { readonly given: string; readonly rootfs: string } | undefined;
}
