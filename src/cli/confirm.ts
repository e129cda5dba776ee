import { createInterface } from 'node:readline';
import { KbootError } from '../lib/errors.ts';
import type { Io } from './io.ts';

/**
 * Asks before something that cannot be undone; resolves when the answer is yes, or at once when `yes` (the
 * flag) is given. Throws REFUSED for any other answer, and where nobody can answer: stdin is not a terminal.
 * Rejects with the signal's reason when the run is cancelled meanwhile.
 */
export async function confirm(io: Io, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (io.stdin.isTTY !== true)
    throw new KbootError(
      'REFUSED',
      `${question} Nobody is there to answer: standard input is not a terminal.`,
      {
        hint: 'add --yes when you are sure',
      },
    );
  const answer = await ask(io, `${question} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new KbootError('REFUSED', 'not confirmed: nothing was changed');
}

/** One line from standard input; empty at its end. */
function ask(io: Io, prompt: string): Promise<string> {
  // Not a readline terminal: that would be raw mode, where Ctrl-C is not a signal.
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  return new Promise<string>((resolve, reject) => {
    const cancelled = () => reject(io.signal.reason);
    if (io.signal.aborted) cancelled();
    io.signal.addEventListener('abort', cancelled, { once: true });
    lines.once('close', () => resolve(''));
    lines.question(prompt, resolve);
  }).finally(() => lines.close());
}
