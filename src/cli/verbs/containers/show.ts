import { escapeLine } from '../../../lib/escape.ts';
import {
  listSystemContainers,
  readJournal,
  requireListed,
  storedImages,
} from '../../../system-container/index.ts';
import { containerInfoJson, renderContainerInfo } from '../../render/container-info.ts';
import { parseFilters, renderContainers } from '../../render/containers.ts';
import { jsonDocument } from '../../render/json.ts';
import { renderStoredImages, storedImagesJson } from '../../render/stored-images.ts';
import type { Run } from '../../verb.ts';
import type { HostFlags } from './machines.ts';
import { askMachines } from './read.ts';

export interface ListFlags extends HostFlags {
  readonly all: boolean;
  readonly filter: readonly string[];
  readonly json: boolean;
  readonly noheading: boolean;
  readonly trunc: boolean;
  readonly quiet: boolean;
}

/** Lists the containers of the machines. */
export function runList(run: Run, flags: ListFlags): Promise<string> {
  const filters = parseFilters(flags.filter);
  return askMachines(run, flags, listSystemContainers, (answers) =>
    renderContainers(
      answers.flatMap(({ host, value }) => value.map((container) => ({ host, container }))),
      {
        ...{ all: flags.all, json: flags.json, quiet: flags.quiet, filters },
        ...{ heading: !flags.noheading, truncate: flags.trunc },
      },
    ),
  );
}

/** Tells all about one container. */
export function runInfo(
  run: Run,
  name: string,
  flags: HostFlags & { readonly json: boolean },
): Promise<string> {
  return askMachines(
    run,
    flags,
    (host, signal) => requireListed(host, name, signal),
    (answers) =>
      flags.json
        ? jsonDocument(answers.map(({ host, value }) => containerInfoJson(host, value)))
        : answers.map(({ host, value }) => renderContainerInfo(host, value)).join('\n'),
  );
}

export interface LogFlags extends HostFlags {
  readonly lines: number;
  readonly since?: string;
  readonly json: boolean;
}

/** Shows what a container's service wrote; with several machines each line says whose it is. */
export function runLogs(run: Run, name: string, { lines, since, json, ...flags }: LogFlags): Promise<string> {
  return askMachines(
    run,
    flags,
    (host, signal) => readJournal(host, name, { lines, since, signal }),
    (answers) => {
      const all = answers.map(({ host, value }) => ({
        host,
        lines: value.split('\n').filter((line) => line !== ''),
      }));
      if (json) return jsonDocument(all);
      const prefix = (host: string) => (all.length > 1 ? `${host}: ` : '');
      return all
        .flatMap(({ host, lines: own }) => own.map((line) => `${prefix(host)}${escapeLine(line)}\n`))
        .join('');
    },
  );
}

/** Shows what the images take on the machines' disks, and what sharing saves. */
export function runImages(run: Run, flags: HostFlags & { readonly json: boolean }): Promise<string> {
  return askMachines(run, flags, storedImages, (answers) => {
    const stored = answers.map(({ host, value }) => ({ host, ...value }));
    return flags.json ? storedImagesJson(stored) : renderStoredImages(stored);
  });
}
