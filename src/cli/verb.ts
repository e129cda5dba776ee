import type { Command } from 'commander';
import type { Report } from '../lib/events.ts';
import type { LogFile } from '../lib/log-file.ts';
import type { Io } from './io.ts';

/** What a verb is given once the global options are read. */
export interface Run {
  readonly io: Io;
  /** Absolute path of the cluster file (`--file`), whether it exists or not. */
  readonly file: string;
  readonly report: Report;
  readonly log: LogFile;
  readonly signal: AbortSignal;
}

/** Adds one verb to the program: flags and texts only; the action imports its implementation when it runs. */
export type Register = (program: Command, io: Io) => void;
