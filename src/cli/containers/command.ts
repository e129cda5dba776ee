import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Io } from '../io.ts';
import { timeInSeconds } from '../time.ts';
import { type Register, type Run, runVerb, type VerbResult } from '../verb.ts';

/** kboot containers list | install | update | rollback | uninstall | info | logs | images | prune */
export const registerContainers: Register = (program, io) => {
  const containers = program
    .command('containers')
    .description('system containers: what runs beneath Kubernetes, and images of others');
  registerReading(containers, io);
  registerInstall(containers, io);
  registerUpdate(containers, io);
  registerChanging(containers, io);
};

const collect = (value: string, others: readonly string[]): string[] => [...others, value];

function count(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a number of lines is needed.');
}

/** The machines, and how the result is printed. */
function onMachines(command: Command, whose: string): Command {
  return command
    .option('--host <name>', `${whose}; again for each machine`, collect, [])
    .option('--all-hosts', 'all machines of the cluster file', false)
    .option('--json', 'one JSON document on standard output', false);
}

const reading = (command: Command) => onMachines(command, 'this machine only (default: all)');
const changing = (command: Command) =>
  onMachines(command, 'on this machine').option(
    '--dry-run',
    'say what would be done, and change nothing',
    false,
  );

const withHealth = (command: Command) =>
  command.option(
    '--health-timeout <time>',
    'how long the service may take until it is healthy (default: what its image says)',
    timeInSeconds,
  );

/** Lets an action of commander's run a verb that is loaded only then. */
const verb =
  <A extends readonly unknown[]>(io: Io, task: (run: Run, ...args: A) => Promise<VerbResult>) =>
  (...args: [...A, Command]) => {
    const command = args.at(-1) as Command;
    return runVerb(io, command, (run) => task(run, ...(args.slice(0, -1) as unknown as A)));
  };

function registerReading(containers: Command, io: Io): void {
  reading(containers.command('list'))
    .description('list the containers of the machines')
    .option('-a, --all', 'those that do not run as well', false)
    .option(
      '-f, --filter <var=value>',
      'only those whose column holds the value; again for more',
      collect,
      [],
    )
    .option('-n, --noheading', 'without the headings', false)
    .option('--no-trunc', 'nothing is cut')
    .option('-q, --quiet', 'only the ids', false)
    .action(verb(io, async (run, flags) => (await import('./list.ts')).runList(run, flags)));
  reading(containers.command('info'))
    .description('tell all about a container')
    .argument('<name>', 'the container')
    .action(
      verb(io, async (run, name: string, flags) => (await import('./info.ts')).runInfo(run, name, flags)),
    );
  reading(containers.command('logs'))
    .description('show what the service of a container wrote to the journal')
    .argument('<name>', 'the container')
    .option('--lines <count>', 'how many lines, from the end', count, 100)
    .option('--since <time>', 'only from then on, as journalctl takes it: -1h, today')
    .action(
      verb(io, async (run, name: string, flags) => (await import('./logs.ts')).runLogs(run, name, flags)),
    );
  reading(containers.command('images'))
    .description('show what the images take on the disks, and what sharing their layers saves')
    .action(verb(io, async (run, flags) => (await import('./images.ts')).runImages(run, flags)));
}

function withImage(command: Command): Command {
  return command
    .option('--set <name=value>', 'a variable of the image; again for each', collect, [])
    .option('--runtime <path>', 'the OCI runtime on the machine (default: the one of node-runtime)')
    .option('--insecure-registry', 'read a registry without TLS, or without checking its certificate', false);
}

function registerInstall(containers: Command, io: Io): void {
  withHealth(changing(withImage(containers.command('install'))))
    .description('install an image as a system container; its service is enabled, not started')
    .argument(
      '<image>',
      'of the bundle (etcd), oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or docker://REGISTRY/NAME[:TAG]',
    )
    .option('--name <name>', 'name of the container (default: made from that of the image)')
    .option('--rootfs <dir>', 'use this root filesystem of the machine instead of the layers of the image')
    .option('--display', 'show what would be installed, and stop', false)
    .option('--start', 'start the service as well', false)
    .action(
      verb(io, async (run, image: string, flags) =>
        (await import('./install.ts')).runInstall(run, image, flags),
      ),
    );
}

function registerUpdate(containers: Command, io: Io): void {
  withHealth(changing(withImage(containers.command('update'))))
    .description(
      'build the other deployment beside the one that runs, then switch; one that fails is rolled back',
    )
    .argument('[name]', 'the container')
    .option('--all', 'every container of the machines', false)
    .option('--rebase <image>', 'to this image (default: the one that it was installed from, as it is now)')
    .option('--prepare', 'build the deployment, and do not switch', false)
    .option('--activate', 'switch to what is prepared', false)
    .action(
      verb(io, async (run, name: string | undefined, flags) =>
        (await import('./update.ts')).runUpdate(run, name, flags),
      ),
    );
}

function registerChanging(containers: Command, io: Io): void {
  withHealth(changing(containers.command('rollback')))
    .description('switch back to the other deployment')
    .argument('<name>', 'the container')
    .action(
      verb(io, async (run, name: string, flags) =>
        (await import('./rollback.ts')).runRollback(run, name, flags),
      ),
    );
  changing(containers.command('uninstall'))
    .description('remove a container, its unmodified host files and the layers nobody else needs')
    .argument('<name>', 'the container')
    .option('--force', 'also what the cluster on the machine needs', false)
    .action(
      verb(io, async (run, name: string, flags) =>
        (await import('./uninstall.ts')).runUninstall(run, name, flags),
      ),
    );
  changing(containers.command('prune'))
    .description('delete layers and deployments that no container needs')
    .action(verb(io, async (run, flags) => (await import('./prune.ts')).runPrune(run, flags)));
}
