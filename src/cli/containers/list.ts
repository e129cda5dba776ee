import { listSystemContainers } from '../../system-container/index.ts';
import { parseFilters, renderContainers } from '../render/containers.ts';
import type { Run, VerbResult } from '../verb.ts';
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
export function runList(run: Run, flags: ListFlags): Promise<VerbResult> {
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
