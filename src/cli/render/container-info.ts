import type { z } from 'zod';
import { escapeLine } from '../../lib/escape.ts';
import type { Installed } from '../../system-container/index.ts';
import { type ContainerInfo, timeOf } from '../json/documents.ts';

/** What `kboot containers info --json` says of one container on one machine. */
export function containerInfoJson(
  host: string,
  { name, slot, info, other }: Installed,
): z.input<typeof ContainerInfo>[number] {
  return {
    host,
    name,
    deployment: `${name}.${slot}`,
    image: info.image,
    imageId: info.revision,
    created: timeOf(info.created),
    runtime: info.runtime,
    remote: info.remote,
    values: info.values,
    set: info['user-values'] ?? null,
    files: Object.keys(info['installed-files-checksum']),
    units: info.units,
    stateDirectories: info['state-directories'],
    other: other
      ? {
          deployment: other.folder,
          image: other.info?.image ?? null,
          imageId: other.info?.revision ?? null,
          prepared: other.prepared,
        }
      : null,
  };
}

const SHORT_ID = 12;

/** The same for people. Texts come from a machine: they are escaped. */
export function renderContainerInfo(host: string, installed: Installed): string {
  const { name, slot, info, other } = installed;
  const set = new Set(Object.keys(info['user-values'] ?? {}));
  const date = (seconds: number) => new Date(seconds * 1000).toISOString();
  const lines = [
    `${name} on ${host}`,
    `  image: ${info.image} (${info.revision.slice(0, SHORT_ID)})`,
    `  deployment: ${name}.${slot}, of ${date(info.created)}`,
    ...(other?.info
      ? [
          `  other deployment: ${other.folder}, ${other.info.image} (${other.info.revision.slice(0, SHORT_ID)})${
            other.prepared ? ', prepared for an update' : ', for a rollback'
          }`,
        ]
      : []),
    ...(info.remote === null ? [] : [`  root filesystem: ${info.remote}`]),
    `  runtime: ${info.runtime}`,
    '  values (* set by you):',
    ...Object.entries(info.values).map(
      ([key, value]) => `  ${set.has(key) ? '*' : ' '} ${key}: ${oneLine(String(value))}`,
    ),
    '  host files:',
    ...Object.keys(info['installed-files-checksum']).map((path) => `    ${path}`),
  ];
  return lines.map((line) => `${escapeLine(line)}\n`).join('');
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
