import { Option } from 'commander';
import { timeInSeconds } from '../time.ts';
import { type Register, runVerb } from '../verb.ts';

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
      runVerb(io, command, async (run) => (await import('../verbs/reset.ts')).runReset(run, nodes, options)),
    );
};
