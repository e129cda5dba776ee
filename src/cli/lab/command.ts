import { type Command, InvalidArgumentError, Option } from 'commander';
import { LEAST_MEMORY, SUITES, USUAL_SIZE } from '../../lab/kind.ts';
import { DEFAULT_LAB } from '../../lab/names.ts';
import type { Io } from '../io.ts';
import { type Register, runVerb } from '../verb.ts';
import type { DownOptions } from './down.ts';
import type { NameOption } from './shared.ts';
import type { StatusOptions } from './status.ts';
import type { UpOptions } from './up.ts';

/** kboot lab up | down | status | ssh */
export const registerLab: Register = (program, io) => {
  const lab = program.command('lab').description('local machines to try kboot on, in podman');
  registerUp(lab, io);
  registerDown(lab, io);
  registerStatus(lab, io);
  registerSsh(lab, io);
};

function named(command: Command): Command {
  return command.option('--name <lab>', 'the lab, when there are several', DEFAULT_LAB);
}

function registerUp(lab: Command, io: Io): void {
  named(lab.command('up'))
    .description('start machines that boot systemd and sshd, and write a kboot.yaml for them')
    .option('--nodes <number>', 'nodes beside the masters (default: as it is, or 2)', count)
    .option('--masters <number>', 'masters (default: as it is, or 1)', count)
    .addOption(new Option('--image-based', 'machines whose /usr is read-only, as on Flatcar').conflicts('vm'))
    .addOption(
      new Option('--vm [release]', 'virtual machines with a kernel of their own: stock Debian').choices(
        SUITES,
      ),
    )
    .option(
      '--memory <MiB>',
      `memory of a virtual machine, at least ${LEAST_MEMORY} (default: as it is, or ${USUAL_SIZE.memory})`,
      atLeast(LEAST_MEMORY),
    )
    .option(
      '--cpus <number>',
      `processors of a virtual machine (default: as it is, or ${USUAL_SIZE.cpus})`,
      atLeast(1),
    )
    .option('--install', 'install the Debian packages that this machine lacks', false)
    .action(async (options: UpOptions, command: Command) => {
      await runVerb(io, command, async (run) => (await import('./up.ts')).runLabUp(run, options));
    });
}

function registerDown(lab: Command, io: Io): void {
  named(lab.command('down'))
    .description('remove the machines with everything that belongs to them')
    .option('--image', 'remove the machine image too, which is kept for the next time', false)
    .action(async (options: DownOptions, command: Command) => {
      await runVerb(io, command, async (run) => (await import('./down.ts')).runLabDown(run, options));
    });
}

function registerStatus(lab: Command, io: Io): void {
  named(lab.command('status'))
    .description('show the machines')
    .option('--json', 'one JSON document on standard output', false)
    .action(async (options: StatusOptions, command: Command) => {
      await runVerb(io, command, async (run) => (await import('./status.ts')).runLabStatus(run, options));
    });
}

function registerSsh(lab: Command, io: Io): void {
  named(lab.command('ssh'))
    .description('open a shell on a machine, or run a command there: kboot lab ssh node1 -- systemctl status')
    .argument('<machine>', 'its name; node1 is enough')
    .argument('[command...]', 'after --')
    .action(async (machine: string, argv: string[], options: NameOption, command: Command) => {
      await runVerb(io, command, async (run) =>
        (await import('./ssh.ts')).runLabSsh(run.io, machine, argv, options),
      );
    });
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('A whole number is expected.');
  return Number(text);
}

const atLeast =
  (least: number) =>
  (text: string): number => {
    const number = count(text);
    if (number < least) throw new InvalidArgumentError(`It has to be ${least} at least.`);
    return number;
  };
