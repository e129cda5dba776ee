import { requireListed } from '../../system-container/index.ts';
import { ContainerInfo } from '../json/documents.ts';
import { jsonDocument } from '../json/json.ts';
import { containerInfoJson, renderContainerInfo } from '../render/container-info.ts';
import type { Run, VerbResult } from '../verb.ts';
import type { HostFlags } from './machines.ts';
import { askMachines } from './read.ts';

/** Tells all about one container. */
export function runInfo(
  run: Run,
  name: string,
  flags: HostFlags & { readonly json: boolean },
): Promise<VerbResult> {
  return askMachines(
    run,
    flags,
    (host, signal) => requireListed(host, name, signal),
    (answers) =>
      flags.json
        ? jsonDocument(
            ContainerInfo,
            answers.map(({ host, value }) => containerInfoJson(host, value)),
          )
        : answers.map(({ host, value }) => renderContainerInfo(host, value)).join('\n'),
  );
}
