import { z } from 'zod';
import { listed, type TrackedFile, TrackedFileSchema } from '../host-file/tracked-file.ts';
import { DEFAULT_HEALTH_TIMEOUT_S } from '../image/manifest.ts';
import type { Scalar } from '../image/template.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** The latest time that a date can have, in seconds. */
const LATEST_S = 8.64e12;

/** Readers must do without any key. Keys after `runtime` are kboot's own. */
const InfoSchema = z.object({
  image: z.string().default(''),
  revision: z.string().default(''),
  created: z.number().min(0).max(LATEST_S).default(0),
  values: z.record(z.string(), scalar).default({}),
  'has-container-service': z.boolean().default(true),
  /** Host path to SHA-256: of a file's content, of a link's target; `0` for a directory. */
  'installed-files-checksum': z.record(listed, listed).default({}),
  /** The remote root filesystem, as it was given. */
  remote: z.string().nullable().default(null),
  runtime: z.string().default(''),
  /** What the user set himself; all of `values` where it was not recorded. */
  'user-values': z.record(z.string(), z.string()).optional(),
  /** Host units that the install started. */
  units: z.array(listed).default([]),
  /** Directories for state that the container's tmpfiles made, parents first. */
  'state-directories': z.array(listed).default([]),
  /** Layers of the rootfs, base first, in hex. Without the key nobody knows which it uses. */
  layers: z.array(z.string()).optional(),
  /** All that a rollback needs of the host files, in the order of their creation. */
  'host-files': z.array(TrackedFileSchema).default([]),
  /** Bind sources for which tmpfiles lines were made. */
  'generated-tmpfiles': z.array(z.string()).default([]),
  /** What the image calls itself. */
  'image-title': z.string().optional(),
  /** Tells, by its exit status, whether the container serves; none when empty. */
  'health-check': z.array(z.string().regex(/^[^\0]*$/)).default([]),
  /** Seconds that it may take to serve after its start. */
  'health-timeout': z.int().positive().default(DEFAULT_HEALTH_TIMEOUT_S),
});

export type Info = Readonly<z.output<typeof InfoSchema>>;

/** Reads a deployment's state file. undefined when it is damaged. */
export function parseInfo(text: string): Info | undefined {
  try {
    return InfoSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export interface InfoInputs {
  readonly image: { readonly name: string; readonly id: string; readonly title?: string | undefined };
  /** Seconds since the epoch. */
  readonly created: number;
  readonly values: ReadonlyMap<string, Scalar>;
  readonly userValues: Readonly<Record<string, string>>;
  readonly hasService: boolean;
  /** In the order of creation. */
  readonly installed: readonly TrackedFile[];
  readonly templates: readonly string[];
  readonly renames: Readonly<Record<string, string>>;
  readonly useLinks: boolean;
  readonly runtime: string;
  readonly units: readonly string[];
  readonly stateDirectories: readonly string[];
  readonly layers: readonly string[];
  readonly remote: string | undefined;
  readonly generatedTmpfiles: readonly string[];
  readonly healthCheck: readonly string[];
  readonly healthTimeoutS: number;
}

/** The state file of a new deployment. */
export function infoText(inputs: InfoInputs): string {
  const info = {
    image: inputs.image.name,
    revision: inputs.image.id,
    'ostree-commit': inputs.image.id,
    created: inputs.created,
    values: Object.fromEntries([...inputs.values].sort(([a], [b]) => (a < b ? -1 : 1))),
    'has-container-service': inputs.hasService,
    'installed-files': inputs.installed.map(({ path }) => path),
    'installed-files-checksum': Object.fromEntries(
      inputs.installed.map(({ path, checksum }) => [path, checksum]),
    ),
    'installed-files-template': inputs.templates,
    'rename-installed-files': inputs.renames,
    'rpm-installed': null,
    'system-package': 'no',
    remote: inputs.remote ?? null,
    'use-links': inputs.useLinks,
    runtime: inputs.runtime,
    'user-values': inputs.userValues,
    units: inputs.units,
    'state-directories': inputs.stateDirectories,
    layers: inputs.layers,
    'host-files': inputs.installed,
    'generated-tmpfiles': inputs.generatedTmpfiles,
    ...(inputs.image.title !== undefined && { 'image-title': inputs.image.title }),
    'health-check': inputs.healthCheck,
    'health-timeout': inputs.healthTimeoutS,
  };
  return `${JSON.stringify(info, null, 4)}\n`;
}
