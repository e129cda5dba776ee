import { Command, CommanderError, Help, type Option } from 'commander';
import { EXIT_CODES, KbootError } from '../lib/errors.ts';
import type { Io } from './io.ts';
import { addGlobalOptions, type Register } from './verb.ts';
import { version } from './version.ts';

/**
 * Parses the arguments and runs the verb they name. Resolves with 0, or with USAGE when the arguments are wrong
 * (that has been said by then, or with `events` is thrown as an error, so that it can become one); rejects with what
 * the verb throws.
 */
export async function runProgram(io: Io, commands: readonly Register[], events: boolean): Promise<number> {
  const program = new Command('kboot')
    .description(
      'Kubernetes on machines you already have: kubeadm over SSH, with runtime, etcd and kubelet as system containers',
    )
    .version(version())
    // Settings of the program are inherited by the verbs that are added after them.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => events || io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'kboot: ')),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('kboot --help lists the verbs and their options.')
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption });
  addGlobalOptions(program);
  for (const register of commands) register(program, io);
  try {
    await program.parseAsync([...io.argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (!events) return EXIT_CODES.USAGE;
    throw new KbootError('USAGE', error.message.replace(/^error: /, ''), {
      hint: 'kboot --help lists the verbs and their options',
    });
  }
}

const commanderHelp = new Help();

/** A default that says no more than that the option is not given is left out. */
function describeOption(option: Option): string {
  return commanderHelp.optionDescription(option).replace(/ \(default: (?:false|\[\])\)$/, '');
}
