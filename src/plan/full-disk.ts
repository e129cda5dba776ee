import type { Host } from '../host/host.ts';
import { type ErrorCode, KbootError } from '../lib/errors.ts';

/** What a full disk can look like from outside: a command that failed, or something that did not come in time. */
const MAY_BE_THE_DISK: readonly ErrorCode[] = ['COMMAND_FAILED', 'TIMED_OUT'];

/** The kubelet starts no pods when less than this part of the images' disk is free (`imagefs.available`). */
const NEEDED = 0.15;

const ASK_TIMEOUT_MS = 10_000;

/**
 * Asks a machine on which something failed whether its disk is full, which most programs do not say, and adds what to do
 * about it. Other errors come back as they are, also when the machine does not answer.
 */
export async function explainFullDisk(error: unknown, host: Host | undefined): Promise<unknown> {
  if (!(error instanceof KbootError) || !MAY_BE_THE_DISK.includes(error.code) || host === undefined)
    return error;
  if (error.hint?.includes('free some space')) return error;
  const free = await freeOf(host).catch(() => undefined);
  if (free === undefined || free.part >= NEEDED) return error;
  const { code, message, host: where, hint } = error;
  const what = `/var/lib on ${host.name} has ${free.megabytes} MB free, too little for the kubelet to start pods`;
  return new KbootError(code, message, {
    cause: error,
    ...(where !== undefined && { host: where }),
    hint: `${what}: free some space on it, then ${hint ?? 'run the same command again: it goes on where it stopped'}`,
  });
}

async function freeOf(
  host: Host,
): Promise<{ readonly part: number; readonly megabytes: string } | undefined> {
  const { stdout } = await host.query({ argv: ['df', '-Pk', '/var/lib'], timeoutMs: ASK_TIMEOUT_MS });
  const [, size, available] = /^\S+ +(\d+) +\d+ +(\d+) /m.exec(stdout) ?? [];
  if (size === undefined || available === undefined || size === '0') return undefined;
  return { part: Number(available) / Number(size), megabytes: (Number(available) / 1000).toFixed(0) };
}
