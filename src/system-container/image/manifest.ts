import { z } from 'zod';
import { KbootError } from '../../lib/errors.ts';

/** For images that do not say how long they need. */
export const DEFAULT_HEALTH_TIMEOUT_S = 60;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Unknown keys are ignored, as the format asks. */
const ManifestSchema = z.object({
  /** Values for variables that the user did not set. */
  defaultValues: z.record(z.string(), scalar).default({}),
  /** Host path in the image to host path on the machine; the latter is expanded. */
  renameFiles: z.record(z.string(), z.string()).default({}),
  /** Host files that are templates themselves. */
  installedFilesTemplate: z.array(z.string()).default([]),
  /** The image only delivers host files. */
  noContainerService: z.boolean().default(false),
  useLinks: z.boolean().default(true),
  /**
   * kboot's extension: units among the host files, which the install enables and starts and the uninstall
   * stops and disables.
   */
  units: z
    .array(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.@:-]*\.(service|socket|timer|path|mount)$/))
    .default([]),
  /**
   * kboot's extension: a program of the host with its arguments, each of them expanded, which ends with 0 when the
   * container serves.
   */
  healthCheck: z.array(z.string().regex(/^[^\n\0]*$/)).default([]),
  /** kboot's extension: seconds that the container may take to serve after its start. */
  healthTimeout: z.int().positive().default(DEFAULT_HEALTH_TIMEOUT_S),
});

export type Manifest = Readonly<z.output<typeof ManifestSchema>>;

/** Reads /exports/manifest.json; without one all defaults hold. Throws IMAGE_INVALID. */
export function parseManifest(text: string | undefined, image: string): Manifest {
  try {
    return ManifestSchema.parse(text === undefined ? {} : JSON.parse(text));
  } catch (cause) {
    throw new KbootError('IMAGE_INVALID', `Invalid manifest.json file in image: ${image}.`, { cause });
  }
}
