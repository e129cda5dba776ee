import { EXIT_CODES, KbootError } from '../lib/errors.ts';
import { ExitWith } from './exit-with.ts';
import type { Io } from './io.ts';
import { RunFailed } from './run-failed.ts';
import type { Register } from './verb.ts';
import { version } from './version.ts';

/** Exit code of an error that kboot does not expect. */
const BUG = 1;

/** Loads the verbs of the program. */
export type LoadCommands = () => Promise<readonly Register[]>;

const builtIn: LoadCommands = async () => (await import('./commands.ts')).COMMANDS;

/**
 * Runs one command line and resolves with its exit code. Nothing below ends the process, and no error gets past:
 * this is the only place that shows one.
 */
export async function main(io: Io, commands: LoadCommands = builtIn): Promise<number> {
  // Asked for often, by scripts: not worth loading the argument parser.
  if (io.argv.length === 1 && (io.argv[0] === '--version' || io.argv[0] === '-V')) {
    io.stdout.write(`${version()}\n`);
    return 0;
  }
  try {
    const { runProgram } = await import('./program.ts');
    return await runProgram(io, await commands(), isGiven(io, '--events'));
  } catch (thrown) {
    if (thrown instanceof ExitWith) return thrown.exitCode;
    return await fail(io, thrown);
  }
}

async function fail(io: Io, thrown: unknown): Promise<number> {
  const logPath = thrown instanceof RunFailed ? thrown.logPath : undefined;
  const inner = thrown instanceof RunFailed ? thrown.cause : thrown;
  // A cancelled run ends with whatever the cancellation broke first; what matters is that it was cancelled.
  const error = io.signal.aborted ? io.signal.reason : inner;
  if (isGiven(io, '--events')) {
    const { errorEvent } = await import('./render/error-event.ts');
    const { escapeJson } = await import('../lib/escape.ts');
    io.stderr.write(`${escapeJson(JSON.stringify(errorEvent(error, logPath)))}\n`);
    return exitCodeOf(error);
  }
  const { renderError } = await import('./render/error.ts');
  const { paintFor } = await import('./render/paint.ts');
  io.stderr.write(renderError(error, { logPath, paint: paintFor(io, !isGiven(io, '--no-color')) }));
  return exitCodeOf(error);
}

/** Whether a flag of kboot's own stands in the command line: what follows `--` belongs to another program. */
function isGiven({ argv }: Io, flag: string): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes(flag);
}

/** The documented exit code of an error: 1 for a bug, the one of its class otherwise. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof KbootError) return EXIT_CODES[error.code];
  if (!(error instanceof AggregateError)) return BUG;
  return error.errors.every((part) => part instanceof KbootError) ? EXIT_CODES.SOME_HOSTS_FAILED : BUG;
}
