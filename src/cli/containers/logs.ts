import { escapeLine } from '../../lib/escape.ts';
import { readJournal } from '../../system-container/index.ts';
import { ContainerLogs } from '../json/documents.ts';
import { jsonDocument } from '../json/json.ts';
import type { Run, VerbResult } from '../verb.ts';
import type { HostFlags } from './machines.ts';
import { askMachines } from './read.ts';

export interface LogFlags extends HostFlags {
  readonly lines: number;
  readonly since?: string;
  readonly json: boolean;
}

/** Shows what a container's service wrote; with several machines each line says whose it is. */
export function runLogs(
  run: Run,
  name: string,
  { lines, since, json, ...flags }: LogFlags,
): Promise<VerbResult> {
  return askMachines(
    run,
    flags,
    (host, signal) => readJournal(host, name, { lines, since, signal }),
    (answers) => {
      const all = answers.map(({ host, value }) => ({
        host,
        lines: value.split('\n').filter((line) => line !== ''),
      }));
      if (json) return jsonDocument(ContainerLogs, all);
      const prefix = (host: string) => (all.length > 1 ? `${host}: ` : '');
      return all
        .flatMap(({ host, lines: own }) => own.map((line) => `${prefix(host)}${escapeLine(line)}\n`))
        .join('');
    },
  );
}
