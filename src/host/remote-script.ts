import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';

const FOLDER = new URL('../../remote/', import.meta.url);

/** How a script takes functions in that others use too; shellcheck and a shell in remote/ follow it as well. */
const INCLUDE = /^\. \.\/(lib\/[\w-]+\.sh)$/gm;

const texts = new Map<string, string>();

/**
 * A script of remote/ for a machine's /bin/sh, with positional parameters, as a command: values travel as "$1", "$2"
 * and are never pasted into the script's text. `name` is its path without `.sh`; the file's own name stands for it in
 * errors and logs.
 */
export function remoteScript(name: string, ...args: readonly string[]): Pick<Command, 'argv'> {
  return { argv: ['sh', '-c', textOf(name), `${name.slice(name.lastIndexOf('/') + 1)}.sh`, ...args] };
}

function textOf(name: string): string {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const text = read(`${name}.sh`).replace(INCLUDE, (_, library: string) => read(library));
  texts.set(name, text);
  return text;
}

const read = (path: string): string => readFileSync(new URL(path, FOLDER), 'utf8');
