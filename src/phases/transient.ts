import { RUN_DIR } from '../cluster/paths.ts';
import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';

const outputOf = (unit: string): string => `${RUN_DIR}/${unit}.out`;

/**
 * What a kboot that was killed has left of this program, as it is now and not as the facts found it: `going`, it runs
 * or has succeeded by now, and runTransient() joins it; `left`, it ended half-way, leaving some of these `traces`.
 */
export async function formerTry(
  host: Host,
  { unit, marker }: Pick<Transient, 'unit' | 'marker'>,
  traces: readonly string[],
  signal: AbortSignal,
): Promise<'going' | 'left' | 'none'> {
  const look = remoteScript('phases/former-transient', unit, outputOf(unit), marker, ...traces);
  const { stdout } = await host.query({ ...look, sudo: true }, signal);
  return stdout.trim() as 'going' | 'left' | 'none';
}

export interface Transient {
  /** Unit name without `.service`. */
  readonly unit: string;
  /** Made on the machine when the program succeeds. */
  readonly marker: string;
  readonly argv: readonly [string, ...string[]];
  readonly timeoutMs: number;
}

/** What the program printed, both streams in one, and its exit code (70: it ended without one). */
export interface TransientResult {
  readonly output: string;
  readonly exitCode: number;
}

/** Runs it, or joins a run that a killed kboot left behind. A non-zero exit is a result, not an error. */
export async function runTransient(
  host: Host,
  { unit, marker, argv, timeoutMs }: Transient,
  signal: AbortSignal,
): Promise<TransientResult> {
  const file = outputOf(unit);
  await host.change(
    { ...remoteScript('phases/start-transient', unit, file, marker, ...argv), sudo: true },
    signal,
  );
  try {
    const wait = {
      ...remoteScript('phases/wait-for-transient', unit, file),
      sudo: true,
      secretOutput: true,
      timeoutMs,
    };
    const { stdout } = await host.query(wait, signal);
    return { output: stdout, exitCode: 0 };
  } catch (error) {
    if (error instanceof CommandError && error.exitCode !== undefined) {
      return { output: error.stdout || error.stderr, exitCode: error.exitCode };
    }
    throw error;
  }
}
