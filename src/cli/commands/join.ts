import { type Register, runVerb } from '../verb.ts';

/** kboot join NODE... | --all */
export const registerJoin: Register = (program, io) => {
  program
    .command('join')
    .description('join nodes to the cluster')
    .argument('[nodes...]', 'nodes to join; those that the cluster file does not list are added to it')
    .option('--all', 'every node of the cluster file that has not joined', false)
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .action((nodes: string[], options, command) =>
      runVerb(io, command, async (run) => (await import('../verbs/join.ts')).runJoin(run, nodes, options)),
    );
};
