import { z } from 'zod';
import { BundleLock } from '../../bundle/lock.ts';

/*
 * What `--json` prints, verb by verb. docs/json.md is made from this and says what holds for all of them: names in
 * camelCase, times in RFC 3339 and UTC, sizes in bytes, `null` for what is unknown or not there.
 */

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

const host = z.string().describe('name of the machine in kboot.yaml');
const name = z.string().describe('name of the container');
const deployment = z.string().describe('its folder, `etcd.0`');
const image = z.string().describe('name of the image');
const imageId = z.string().describe('id of the image, in hex');
const bytes = z.number();
const created = z.iso.datetime().nullable().describe('when the deployment was made');
const messages = list(z.string()).describe('what is said to people');
const warnings = list(z.string()).describe('what should be looked at');

/** Seconds since the epoch as a time; null when unknown. */
export const timeOf = (seconds: number): string | null =>
  seconds === 0 ? null : new Date(seconds * 1000).toISOString();

export const ContainerList = list(
  z.object({
    ...{ host, name, deployment, image, imageId },
    command: z.string().describe('program and arguments; empty where nothing runs'),
    created,
    state: z
      .string()
      .describe('`running`, `inactive`, `failed`, `broken`, `no service`, or the word of systemd'),
    broken: z.string().nullable().describe('why it cannot be used'),
    runtime: z.string().describe('path of the OCI runtime'),
  }),
);

const OtherDeployment = z.object({
  deployment,
  image: z.string().nullable(),
  imageId: z.string().nullable(),
  prepared: z.boolean().describe('built for an update; otherwise it is for a rollback'),
});

export const ContainerInfo = list(
  z.object({
    ...{ host, name, deployment, image, imageId, created },
    runtime: z.string().describe('path of the OCI runtime'),
    remote: z.string().nullable().describe('root filesystem of the machine that it uses'),
    values: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .describe('values of the templates'),
    set: z.record(z.string(), z.string()).nullable().describe('those of them that were set by the user'),
    files: list(z.string()).describe('host files that it put there'),
    units: list(z.string()).describe('paths of units among them'),
    stateDirectories: list(z.string()).describe('directories of its state, which an uninstall leaves'),
    other: OtherDeployment.nullable().describe('what is in the other deployment'),
  }),
);

export const ContainerImages = list(
  z.object({
    host,
    images: list(
      z.object({
        ...{ image, imageId },
        deployments: list(z.string()).describe('folders that are made of it'),
        size: bytes.describe('its layers, unpacked'),
        shared: bytes.describe('of these, what other images use as well'),
      }),
    ),
    size: bytes.describe('what the images would take without sharing'),
    disk: bytes.describe('what all layers take'),
    saved: bytes.describe('what is not there because images share layers'),
    unused: bytes.describe('layers of no image: `kboot containers prune` deletes them'),
  }),
);

export const ContainerLogs = list(z.object({ host, lines: list(z.string()) }));

export const Installs = list(
  z.object({
    ...{ host, name },
    status: z
      .enum(['installed', 'unchanged', 'present', 'displayed', 'ran'])
      .describe(
        '`present`: another one has the name, and nothing was changed; `ran`: an image that is run once',
      ),
    exitCode: z.int().optional().describe('of an image that is run once'),
    ...{ messages, warnings },
  }),
);

export const Uninstalls = list(
  z.object({
    ...{ host, name },
    status: z.enum(['uninstalled', 'absent']),
    kept: list(z.string()).describe('host files that were changed since: they stay'),
    occupied: list(z.string()).describe('directories that hold something of others: they stay'),
    stateDirectories: list(z.string()).describe('directories of its state: they stay'),
    messages,
  }),
);

const switched = {
  before: z.string().describe('id of the image before'),
  after: z.string().describe('id of the image now'),
};
const downtimeMs = z.number().describe('from the stop of the service until it was up again, in ms');

export const Updates = list(
  z.object({
    ...{ host, name },
    status: z.enum(['updated', 'prepared', 'unchanged']),
    deployment,
    ...switched,
    downtimeMs,
    ...{ messages, warnings },
  }),
);

export const UpdatesOfAll = list(
  z.object({
    ...{ host, name, ...switched },
    latest: z
      .string()
      .nullable()
      .describe('id of the image that its name stands for; `null` when it is unknown'),
    status: z.enum(['updated', 'prepared', 'unchanged', 'failed', 'unknown']),
  }),
);

export const Rollbacks = list(z.object({ ...{ host, name, deployment, ...switched, downtimeMs, messages } }));

export const Prunes = list(
  z.object({
    host,
    deployments: list(z.string()).describe('folders that were deleted'),
    layers: list(z.string()).describe('layers that were deleted, in hex'),
    messages,
  }),
);

export const BundleInspection = z.object({
  path: z.string().describe('folder of the bundle'),
  digest: z.string().describe('SHA-256 of its bundle.json'),
  totals: list(
    z.object({
      role: z.enum(['master', 'node']),
      images: z.number().describe('how many images such a machine gets'),
      sent: bytes.describe('what a new one is sent'),
      disk: bytes.describe('what its disk is asked for'),
    }),
  ),
  lock: BundleLock.describe('bundle.json as it is'),
});

export const LabState = z.object({
  name: z.string().describe('name of the lab'),
  machines: list(
    z.object({
      name: z.string(),
      role: z.string().describe('`master`, `node` or `bastion`'),
      address: z.string(),
      kind: z.enum(['ordinary', 'image-based', 'virtual']),
      state: z.string().describe('the word of podman, or of systemd for a machine that runs'),
    }),
  ),
  sshConfig: z.string().describe('path of a configuration for `ssh -F`'),
});

/** Each document by the command that prints it. */
export const DOCUMENTS = {
  'kboot containers list --json': ContainerList,
  'kboot containers info NAME --json': ContainerInfo,
  'kboot containers images --json': ContainerImages,
  'kboot containers logs NAME --json': ContainerLogs,
  'kboot containers install IMAGE --json': Installs,
  'kboot containers uninstall NAME --json': Uninstalls,
  'kboot containers update NAME --json': Updates,
  'kboot containers update --all --json': UpdatesOfAll,
  'kboot containers rollback NAME --json': Rollbacks,
  'kboot containers prune --json': Prunes,
  'kboot bundle inspect --json': BundleInspection,
  'kboot lab status --json': LabState,
} as const;
