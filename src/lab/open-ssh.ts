import { toShell } from '../host/command.ts';
import { runInTerminal } from './run.ts';

/**
 * The ssh command for a machine of a lab: a shell, or `argv` as it is, whatever its words hold. ssh joins its own
 * arguments by blanks and lets the login shell split them, hence the quoting; a single word is left to that shell,
 * so that `kboot lab ssh node1 -- 'ls | wc'` does what it looks like.
 */
export function sshCommand(
  sshConfig: string,
  machine: string,
  argv: readonly string[],
  options: readonly string[] = [],
): readonly [string, ...string[]] {
  const [first, ...others] = argv;
  const command = first === undefined ? [] : [others.length === 0 ? first : toShell(argv)];
  return ['ssh', '-F', sshConfig, ...options, machine, ...command];
}

/** Opens a shell on a machine or runs a command there, in the user's terminal. Resolves with the exit code. */
export async function openSsh(sshConfig: string, machine: string, argv: readonly string[]): Promise<number> {
  return runInTerminal(sshCommand(sshConfig, machine, argv));
}
