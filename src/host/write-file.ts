import { Buffer } from 'node:buffer';
import type { Command } from './command.ts';
import { remoteScript } from './remote-script.ts';

/**
 * The command that writes a root-owned file atomically: a temporary name beside it, synced, then renamed;
 * missing parents are made with mode 0755. `mode` is a number like 0o600. Throws TypeError for a relative path.
 */
export function writeFileCommand(path: string, content: string, mode: number): Command {
  if (!path.startsWith('/')) throw new TypeError(`not an absolute path: ${path}`);
  const length = Buffer.byteLength(content);
  return {
    ...remoteScript('host/write-file', path, mode.toString(8), `${length}`),
    stdin: content,
    sudo: true,
  };
}
