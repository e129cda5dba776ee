/**
 * `image-based`: /usr belongs to an image and is read-only, and there is no package manager, as on Flatcar;
 * `virtual`: a stock Debian with a kernel of its own, under an emulator.
 */
export type MachineKind = 'ordinary' | 'image-based' | 'virtual';

/** The Debian releases that a virtual machine can run. */
export const SUITES = ['bookworm', 'trixie'] as const;

export type Suite = (typeof SUITES)[number];

/** MiB that a virtual machine needs to boot one of them. */
export const LEAST_MEMORY = 512;

/** A virtual machine when nobody says another size: a control plane with some pods fits. In MiB. */
export const USUAL_SIZE = { memory: 3072, cpus: 2 } as const;

const KINDS: readonly MachineKind[] = ['ordinary', 'image-based', 'virtual'];

/** The kind that the options of a lab say. */
export function kindOf({
  imageBased,
  virtual,
}: {
  readonly imageBased: boolean;
  readonly virtual?: unknown;
}): MachineKind {
  if (virtual !== undefined) return 'virtual';
  return imageBased ? 'image-based' : 'ordinary';
}

/** The kind that a label says; machines from before there were kinds have none. */
export const kindOfLabel = (label: string | undefined): MachineKind =>
  KINDS.find((kind) => kind === label) ?? 'ordinary';
