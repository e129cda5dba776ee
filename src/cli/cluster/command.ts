import { Option } from 'commander';
import { timeInSeconds } from '../time.ts';
import { type Register, runVerb } from '../verb.ts';

/** kboot init [NAME] */
export const registerInit: Register = (program, io) => {
  program
    .command('init')
    .description('make the first master of a cluster')
    .argument('[name]', 'the first master; without a cluster file, one is written with it')
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .action((name: string | undefined, options, command) =>
      runVerb(io, command, async (run) => (await import('./init.ts')).runInit(run, name, options)),
    );
};

/** kboot join NODE... | --all */
export const registerJoin: Register = (program, io) => {
  program
    .command('join')
    .description('join nodes to the cluster')
    .argument('[nodes...]', 'nodes to join; those that the cluster file does not list are added to it')
    .option('--all', 'every node of the cluster file that has not joined', false)
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .action((nodes: string[], options, command) =>
      runVerb(io, command, async (run) => (await import('./join.ts')).runJoin(run, nodes, options)),
    );
};

/** kboot reset [NODE...] */
export const registerReset: Register = (program, io) => {
  program
    .command('reset')
    .description('make machines as they were before kboot')
    .argument('[nodes...]', 'nodes to take out of the cluster; without any, the whole cluster is taken down')
    .option('-y, --yes', 'do not ask', false)
    .option('--force', 'do not wait for the pods of a node, and do not ask the cluster', false)
    .addOption(
      new Option('--drain-timeout <time>', 'how long the pods of a node may take to leave it')
        .argParser(timeInSeconds)
        .default(120, '2m'),
    )
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .action((nodes: string[], options, command) =>
      runVerb(io, command, async (run) => (await import('./reset.ts')).runReset(run, nodes, options)),
    );
};
