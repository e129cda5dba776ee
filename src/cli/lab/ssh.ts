import { type LabContext, labCommand, labStatus, openSsh } from '../../lab/lab.ts';
import { KbootError } from '../../lib/errors.ts';
import type { VerbResult } from '../verb.ts';
import type { NameOption } from './shared.ts';

/**
 * `kboot lab ssh`: hands the terminal to ssh, and ends with the exit code of what ran on the machine. Throws USAGE
 * for a machine that the lab has not.
 */
export async function runLabSsh(
  io: LabContext,
  machine: string,
  argv: readonly string[],
  { name }: NameOption,
): Promise<VerbResult> {
  const { machines, files } = await labStatus(name, io);
  const found = machines.find((known) => known.name === machine || known.name.startsWith(`${machine}.`));
  if (found === undefined)
    throw new KbootError('USAGE', `lab ${name} has no machine ${machine}`, {
      hint:
        machines.length === 0
          ? labCommand('up', name)
          : `it has ${machines.map((known) => known.name).join(', ')}`,
    });
  return { exitCode: await openSsh(files.sshConfig, found.name, argv) };
}
