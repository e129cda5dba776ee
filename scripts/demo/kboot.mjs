import { spawn } from 'node:child_process';
import { execPath, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';

/** The program, as `npm ci` compiled it. */
export const BIN = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

/** A command of the demo that did not end well; it has said why itself. */
export class CommandEnded extends Error {
  constructor(line, exitCode) {
    super(`${line}: exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Runs one kboot command line in a folder as a user would, on the user's terminal. Throws CommandEnded. */
export async function kboot(folder, ...argv) {
  const line = `kboot ${argv.join(' ')}`;
  stderr.write(`\n$ ${line}\n`);
  const child = spawn(execPath, [BIN, ...argv], { cwd: folder, stdio: 'inherit' });
  const exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  if (exitCode !== 0) throw new CommandEnded(line, exitCode);
}
