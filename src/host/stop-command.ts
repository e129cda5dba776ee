import type { Command } from './command.ts';
import { RUN_VARIABLE } from './login-line.ts';
import { remoteScript } from './remote-script.ts';

/** The command that ends every process of the command marked by `run`. */
export function stopCommand(run: string, sudo: boolean): Command {
  return { ...remoteScript('host/stop', `${RUN_VARIABLE}=${run}`), sudo };
}
