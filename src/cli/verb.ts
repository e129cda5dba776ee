import { resolve } from 'node:path';
import { inspect } from 'node:util';
import type { Command } from 'commander';
import type { Machine } from '../config/cluster.ts';
import { DEFAULTS } from '../config/defaults.ts';
import { KbootError, messageOf } from '../lib/errors.ts';
import type { Event, Report } from '../lib/events.ts';
import type { Failure } from '../lib/failure.ts';
import { appendToLogFile, type LogFile, logDirectory, openLogFile } from '../lib/log-file.ts';
import { ExitWith } from './exit-with.ts';
import { failuresError } from './failures-error.ts';
import type { Io } from './io.ts';
import { paintFor } from './render/paint.ts';
import { lineFormatter } from './report/lines.ts';
import { startReporter } from './report/start-reporter.ts';
import { RunFailed } from './run-failed.ts';

/** What a verb is given once the global options are read. */
export interface Run {
  readonly io: Io;
  /** Absolute path of the cluster file (`--file`), whether it exists or not. */
  readonly file: string;
  /** `init` */
  readonly verb: string;
  readonly report: Report;
  readonly log: LogFile;
}

/** What came of a verb. */
export interface VerbResult {
  /** For standard output, also when something failed. */
  readonly output?: string | undefined;
  readonly failures?: readonly Failure[];
  /** The machines that were asked for: says how much failed. */
  readonly machines?: readonly Pick<Machine, 'name'>[];
  /** Of a program that was run for the user, and that has told what there was to tell. */
  readonly exitCode?: number;
}

/** Adds one verb to the program: flags and texts only; the action imports its implementation when it runs. */
export type Register = (program: Command, io: Io) => void;

/** The options that every verb takes; `addGlobalOptions` declares them. */
interface GlobalOptions {
  readonly file: string;
  readonly events?: true;
  readonly plain?: true;
  readonly logFile?: string;
  readonly color: boolean;
}

export function addGlobalOptions(program: Command): Command {
  return program
    .option('-f, --file <path>', 'the cluster file', DEFAULTS.file)
    .option('--plain', 'plain lines instead of a live list, also on a terminal')
    .option('--events', 'progress and errors as one JSON object a line on standard error')
    .option('--log-file <path>', "add the full log to this file instead of a new one in kboot's log folder")
    .option('--no-color', 'no colours (also with NO_COLOR in the environment)');
}

/**
 * Runs what a verb does, with a log file and a reporter: `command` is the one whose action calls this. The event
 * `run-start` is the verb's business, who knows the machines; `run-end` and what is written of the result are this
 * function's. Rejects with RunFailed, which carries the error and the log's path, or with ExitWith for the exit code of
 * another program.
 */
export async function runVerb(
  io: Io,
  command: Command,
  task: (run: Run) => Promise<VerbResult>,
): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const verb = verbOf(command);
  const log = openLog(io, verb.replaceAll(' ', '-'), options);
  log.write(`kboot ${withoutValues(io.argv).join(' ')}`);
  const paint = paintFor(io, options.color);
  const reporter = await startReporter(io, { ...options, paint });
  const toLog = logReport(log);
  let begun = false;
  let over = false;
  const report: Report = (event) => {
    if (over) return;
    begun ||= event.type === 'run-start';
    toLog(event);
    reporter.report(event);
  };
  const onAbort = () => report({ type: 'note', text: 'stopping cleanly; Ctrl-C again ends at once' });
  io.signal.addEventListener('abort', onAbort, { once: true });
  const startedAt = performance.now();
  const end = (ok: boolean) => {
    // An error before anything was begun needs no second line.
    if (begun) report({ type: 'run-end', ok, ms: Math.round(performance.now() - startedAt) });
    over = true;
  };
  try {
    const result = await task({ io, file: resolve(io.cwd, options.file), verb, report, log });
    const { output = '', failures = [], machines = [], exitCode = 0 } = result;
    end(failures.length === 0 && exitCode === 0);
    // Only when the live list is gone may a result follow it on the same terminal.
    reporter.stop();
    io.stdout.write(output);
    if (failures.length > 0) throw failuresError(failures, machines);
    if (exitCode !== 0) throw new ExitWith(exitCode);
  } catch (error) {
    if (error instanceof ExitWith) throw error;
    log.write(inspect(error, { depth: 5 }));
    end(false);
    throw new RunFailed(log.path, error);
  } finally {
    io.signal.removeEventListener('abort', onAbort);
    reporter.stop();
    log.close();
  }
}

/** The command line for the log: the values of --set may be secrets. */
export const withoutValues = (argv: readonly string[]): readonly string[] =>
  argv.map((word, index) => {
    const isValue = argv[index - 1] === '--set';
    return isValue || word.startsWith('--set=')
      ? word.replace(isValue ? /=.*/s : /(?<=^--set=[^=]*)=.*/s, '=...')
      : word;
  });

/** `join`, `bundle build`: the command's name behind those of the commands it belongs to, without the program's. */
function verbOf(command: Command): string {
  const parent = command.parent;
  return parent?.parent ? `${verbOf(parent)} ${command.name()}` : command.name();
}

function openLog(io: Io, verb: string, { logFile }: GlobalOptions): LogFile {
  const place = logFile === undefined ? logDirectory(io) : resolve(io.cwd, logFile);
  try {
    return logFile === undefined ? openLogFile(place, verb, new Date()) : appendToLogFile(place);
  } catch (cause) {
    throw new KbootError('MISSING_REQUIREMENT', `${place}: the log cannot be written: ${messageOf(cause)}`, {
      cause,
      hint: 'name another place with --log-file PATH',
    });
  }
}

/** Everything but counted progress, which would drown the rest. */
function logReport(log: LogFile): Report {
  const format = lineFormatter();
  return (event: Event) => {
    if (event.type === 'phase-progress' && event.done !== undefined) return;
    const line = format(event);
    if (line !== undefined) log.write(line.trim());
    if (event.type === 'phase-end' && event.error !== undefined) log.write(event.error);
  };
}
