import type { Suite } from '../../lab/kind.ts';
import {
  type LabContext,
  labCommand,
  labDown,
  labStatus,
  labUp,
  openSsh,
  type WantedOptions,
} from '../../lab/lab.ts';
import { KbootError } from '../../lib/errors.ts';
import { ExitWith } from '../exit-with.ts';
import { jsonDocument } from '../render/json.ts';
import { renderTable } from '../render/table.ts';
import type { Run } from '../verb.ts';

/** The options of the lab's verbs, as commander hands them over. */
export interface NameOption {
  readonly name: string;
}

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

export interface DownOptions extends NameOption {
  readonly image: boolean;
}

export interface StatusOptions extends NameOption {
  readonly json: boolean;
}

/** `kboot lab up`. Resolves with the machines as a table, and the cluster file's text when another was kept. */
export async function runLabUp(
  run: Run,
  { name, masters, nodes, install, ...kind }: UpOptions,
): Promise<string> {
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
  return written === 'kept' ? `${table}\n${text}` : table;
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

/** `kboot lab down` */
export async function runLabDown(run: Run, { name, image }: DownOptions): Promise<undefined> {
  run.report({ type: 'run-start', verb: 'lab down', hosts: [] });
  const { machines, keptClusterFile, keptImages } = await labDown(name, { image }, contextOf(run));
  if (machines.length === 0) run.report({ type: 'note', text: `lab ${name} was not up` });
  if (keptClusterFile !== undefined)
    run.report({ type: 'note', text: `${keptClusterFile} was changed since lab up wrote it, and is kept` });
  for (const kept of keptImages)
    run.report({ type: 'note', text: `${kept}: another lab runs it, and it is kept` });
}

/** `kboot lab status`: a table, or with `--json` `{ name, machines: [{ name, role, address, kind, state }], sshConfig }`. */
export async function runLabStatus(
  { io, report }: Run,
  { name, json }: StatusOptions,
): Promise<string | undefined> {
  const { machines, files } = await labStatus(name, io);
  if (json) return jsonDocument({ name, machines, sshConfig: files.sshConfig });
  if (machines.length === 0) {
    report({ type: 'note', text: `lab ${name}: not up; ${labCommand('up', name)} starts it` });
    return undefined;
  }
  const rows = machines.map((machine) => [...rowOf(machine), machine.kind, machine.state]);
  return renderTable(['MACHINE', 'ROLE', 'ADDRESS', 'KIND', 'STATE'], rows);
}

/**
 * `kboot lab ssh`: hands the terminal to ssh, and ends with the exit code of what ran on the machine. Throws USAGE
 * for a machine that the lab has not.
 */
export async function runLabSsh(
  io: LabContext,
  machine: string,
  argv: readonly string[],
  { name }: NameOption,
): Promise<void> {
  const { machines, files } = await labStatus(name, io);
  const found = machines.find((known) => known.name === machine || known.name.startsWith(`${machine}.`));
  if (found === undefined)
    throw new KbootError('USAGE', `lab ${name} has no machine ${machine}`, {
      hint:
        machines.length === 0
          ? labCommand('up', name)
          : `it has ${machines.map((known) => known.name).join(', ')}`,
    });
  const exitCode = await openSsh(files.sshConfig, found.name, argv);
  if (exitCode !== 0) throw new ExitWith(exitCode);
}

function contextOf({ io, report }: Run): LabContext {
  const { env, home, signal } = io;
  return { env, home, signal, onProgress: (text) => report({ type: 'note', text }) };
}

function rowOf({ name, role, address }: { name: string; role: string; address: string }): readonly string[] {
  return [name, role, address];
}
