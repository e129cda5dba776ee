import { type Register, runVerb } from '../verb.ts';

/** kboot init [NAME] */
export const registerInit: Register = (program, io) => {
  program
    .command('init')
    .description('make the first master of a cluster')
    .argument('[name]', 'the first master; without a cluster file, one is written with it')
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .action((name: string | undefined, options, command) =>
      runVerb(io, command, async (run) => (await import('../verbs/init.ts')).runInit(run, name, options)),
    );
};
