import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { stateDirectory, type UserPlaces } from './base-directories.ts';

/** Where a run writes down everything that it does, in more detail than it shows. Secrets never go there. */
export interface LogFile {
  /** Absolute path. */
  readonly path: string;
  /** Adds one entry, with the time in front. Lines after the first are indented. Never throws. */
  write(text: string): void;
  close(): void;
}

const KEEP = 20;
const OWN_NAME = /^\d{4}-\d{2}-\d{2}T[\d.-]+Z-[a-z-]+(-\d+)?\.log$/;

/** Where the logs of runs are. */
export const logDirectory = (places: UserPlaces): string => join(stateDirectory(places), 'logs');

/**
 * Opens `<directory>/<time>-<verb>.log`, readable by its owner only, and deletes kboot's own older logs there so
 * that 20 are left. Throws what the file system throws.
 */
export function openLogFile(directory: string, verb: string, now: Date): LogFile {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stem = `${now.toISOString().replaceAll(':', '-')}-${verb}`;
  const { path, file } = createNew(directory, stem);
  deleteOld(directory);
  return logInto(path, file);
}

/** Opens `path` for adding to it: a log file whose place the user chose. */
export function appendToLogFile(path: string): LogFile {
  return logInto(path, openSync(path, 'a', 0o600));
}

function createNew(directory: string, stem: string): { path: string; file: number } {
  for (let count = 1; ; count++) {
    const path = join(directory, `${stem}${count === 1 ? '' : `-${count}`}.log`);
    try {
      return { path, file: openSync(path, 'ax', 0o600) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function deleteOld(directory: string): void {
  const logs = readdirSync(directory)
    .filter((name) => OWN_NAME.test(name))
    .sort();
  for (const name of logs.slice(0, -KEEP)) {
    try {
      unlinkSync(join(directory, name));
    } catch {
      // Another run deleted it first.
    }
  }
}

function logInto(path: string, file: number): LogFile {
  let open = true;
  return {
    path,
    write(text) {
      if (!open) return;
      try {
        // Synchronous, so that the entry before a crash is on disk.
        writeSync(file, `${new Date().toISOString()} ${text.trimEnd().replaceAll('\n', '\n  ')}\n`);
      } catch {
        // A full disk must not end the run: the log is there to help.
      }
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}
