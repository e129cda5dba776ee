import { labCommand, labStatus } from '../../lab/lab.ts';
import { LabState } from '../json/documents.ts';
import { jsonDocument } from '../json/json.ts';
import { renderTable } from '../render/table.ts';
import type { Run, VerbResult } from '../verb.ts';
import { type NameOption, rowOf } from './shared.ts';

export interface StatusOptions extends NameOption {
  readonly json: boolean;
}

/** `kboot lab status`: a table, or with `--json` a document. */
export async function runLabStatus({ io, report }: Run, { name, json }: StatusOptions): Promise<VerbResult> {
  const { machines, files } = await labStatus(name, io);
  if (json) return { output: jsonDocument(LabState, { name, machines, sshConfig: files.sshConfig }) };
  if (machines.length === 0) {
    report({ type: 'note', text: `lab ${name}: not up; ${labCommand('up', name)} starts it` });
    return {};
  }
  const rows = machines.map((machine) => [...rowOf(machine), machine.kind, machine.state]);
  return { output: renderTable(['MACHINE', 'ROLE', 'ADDRESS', 'KIND', 'STATE'], rows) };
}
