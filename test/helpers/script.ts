import { readFileSync } from 'node:fs';
import type { Command } from '../../src/host/command.ts';

/** Shell of a test's own as a command, as remoteScript() has those of remote/. */
export const script = (text: string, ...args: readonly string[]): Pick<Command, 'argv'> => ({
  argv: ['sh', '-c', `set -eu\n${text}`, 'kboot', ...args],
});

/** The functions of remote/lib, for scripts of tests. */
export const libraries = (...names: readonly string[]): string =>
  names.map((name) => readFileSync(new URL(`../../remote/lib/${name}.sh`, import.meta.url), 'utf8')).join('');

/** Whether a command is this script of remote/, by its name without folder and `.sh`. */
export const runs =
  (name: string) =>
  ({ argv }: Pick<Command, 'argv'>): boolean =>
    argv[3] === `${name}.sh`;
