import { Command, CommanderError, Help, type Option } from 'commander';
import { EXIT_CODES } from '../lib/errors.ts';
import type { Io } from './io.ts';
import { addGlobalOptions, type Register } from './verb.ts';
import { version } from './version.ts';

/**
 * Parses the arguments and runs the verb they name. Resolves with 0, or with USAGE when the arguments are wrong
 * (that has been said by then); rejects with what the verb throws.
 */
export async function runProgram(io: Io, commands: readonly Register[]): Promise<number> {
  const program = new Command('kboot')
    .description(
      'Kubernetes on machines you already have: kubeadm over SSH, with runtime, etcd and kubelet as system containers',
    )
    .version(version())
    // Settings of the program are inherited by the verbs that are added after them.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
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
    return error.exitCode === 0 ? 0 : EXIT_CODES.USAGE;
  }
}

const commanderHelp = new Help();

/** A default that says no more than that the option is not given is left out. */
function describeOption(option: Option): string {
  return commanderHelp.optionDescription(option).replace(/ \(default: (?:false|\[\])\)$/, '');
}
