import type { Suite } from '../../lab/kind.ts';
import { labCommand, labUp, type WantedOptions } from '../../lab/lab.ts';
import { KbootError } from '../../lib/errors.ts';
import { renderTable } from '../render/table.ts';
import type { Run, VerbResult } from '../verb.ts';
import { contextOf, type NameOption, rowOf } from './shared.ts';

export interface UpOptions extends NameOption {
  readonly nodes?: number;
  readonly masters?: number;
  readonly install: boolean;
  readonly imageBased?: boolean;
  /** `true` without a release. */
  readonly vm?: true | Suite;
  /** MiB */
  readonly memory?: number;
  readonly cpus?: number;
}

/** `kboot lab up`. Resolves with the machines as a table, and the cluster file's text when another was kept. */
export async function runLabUp(
  run: Run,
  { name, masters, nodes, install, ...kind }: UpOptions,
): Promise<VerbResult> {
  run.report({ type: 'run-start', verb: 'lab up', hosts: [] });
  const lab = await labUp(
    {
      name,
      install,
      clusterFile: run.file,
      ...(masters !== undefined && { masters }),
      ...(nodes !== undefined && { nodes }),
      options: wantedOptions(kind),
    },
    contextOf(run),
  );
  const note = (text: string) => run.report({ type: 'note', text });
  const { written, text } = lab.clusterFile;
  if (lab.started.length === 0) note(`lab ${name} was up already: no changes`);
  if (written === 'written') note(`wrote ${run.file}`);
  if (written === 'kept')
    run.report({
      type: 'warning',
      text: `${run.file} is there already and was left as it is; what these machines need in it is printed below`,
    });
  note(`look around: ${labCommand(`ssh ${lab.machines[0]?.name ?? ''}`, name)}`);
  note(`take it down: ${labCommand('down', name)}`);
  const table = renderTable(['MACHINE', 'ROLE', 'ADDRESS'], lab.machines.map(rowOf));
  return { output: written === 'kept' ? `${table}\n${text}` : table };
}

/** What the options say of the machines. Throws USAGE for the size of a machine that is not a virtual one. */
export function wantedOptions({
  imageBased,
  vm,
  memory,
  cpus,
}: Pick<UpOptions, 'imageBased' | 'vm' | 'memory' | 'cpus'>): WantedOptions {
  if (vm === undefined && (memory ?? cpus) !== undefined)
    throw new KbootError(
      'USAGE',
      `${memory === undefined ? '--cpus' : '--memory'}: only virtual machines have a size`,
      {
        hint: 'add --vm',
      },
    );
  const virtual = {
    ...(typeof vm === 'string' && { suite: vm }),
    ...(memory !== undefined && { memory }),
    ...(cpus !== undefined && { cpus }),
  };
  return { ...(imageBased !== undefined && { imageBased }), ...(vm !== undefined && { virtual }) };
}
