import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { rootfsFiles } from './change/build-files.ts';
import { unpackMissing } from './change/layer-store.ts';
import { probe } from './deployment/probe.ts';
import { renderOnce } from './deployment/render-once.ts';
import type { SystemImage } from './image/image.ts';
import { archiveOf } from './machine/archive.ts';
import { checkName } from './machine/names.ts';
import { CHECKOUT_ROOT, DEFAULT_RUNTIME } from './machine/paths.ts';
import { parseLoosely } from './runtime-spec/config-json.ts';

export interface RunOnceRequest {
  readonly image: SystemImage;
  readonly name: string;
  readonly values?: Readonly<Record<string, string>>;
  readonly runtime?: string | undefined;
  readonly capabilities: readonly string[];
  /** Directories that are read-only on the machine, of those in MAY_BE_READ_ONLY; none when absent. */
  readonly readOnly?: readonly string[];
  readonly blobDirs: readonly string[];
}

export interface RunOnceResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly warnings: readonly string[];
}

/** What is run once may take its time. */
const RUN_TIMEOUT_MS = 60 * 60 * 1000;

/**
 * Runs an image with the label atomic.run=once: its program to its end, and nothing is left of it on the machine. The
 * caller holds the machine's lock. Throws IMAGE_INVALID, and COMMAND_FAILED when it could not be run at all.
 */
export async function runOnce(
  host: Host,
  request: RunOnceRequest,
  signal?: AbortSignal,
): Promise<RunOnceResult> {
  const { image, name, runtime = DEFAULT_RUNTIME } = request;
  checkName(name, []);
  const root = CHECKOUT_ROOT;
  const { deployments, facts } = await probe(
    host,
    { root, runtime, wantsSpec: false, units: [], paths: [] },
    signal,
  );
  const rendered = renderOnce({
    ...request,
    runtime,
    facts,
    destination: `${root}/.once-${name}/build/deployment`,
  });
  const writable = !parseLoosely(rendered.config, 'config.json').root?.readonly;
  await unpackMissing(host, { image, remote: undefined }, deployments.layers, request.blobDirs, signal);
  const files = new Map([
    ...rootfsFiles(image.steps),
    ['deployment/config.json', rendered.config],
    ...(rendered.tmpfiles === undefined ? [] : [['tmpfiles.conf', rendered.tmpfiles] as const]),
    ...(writable ? [['writable', ''] as const] : []),
  ]);
  const { stdout, stderr } = await host
    .change(
      {
        ...remoteScript('system-container/run-once', root, name, runtime, rendered.command),
        stdin: await archiveOf({ build: files }),
        sudo: true,
        timeoutMs: RUN_TIMEOUT_MS,
      },
      signal,
    )
    .catch((error: unknown) => {
      // What the program said is not lost when only the clearing away failed.
      if (error instanceof CommandError && outcomeIn(error.stdout) !== undefined) return error;
      throw error;
    });
  return {
    ...(outcomeIn(stdout) ?? { exitCode: 1, stdout }),
    stderr,
    warnings: rendered.warnings,
  };
}

/** The script prints it last: what a program prints before cannot be taken for it. */
const EXIT_LINE = /\nkboot-exit\t(\d{1,3})\n$/;

/** Splits what the script printed into the program's output and its exit status; undefined where it did not come to its end. */
export function outcomeIn(stdout: string): Pick<RunOnceResult, 'exitCode' | 'stdout'> | undefined {
  // Only the end is looked at, however much there is.
  const end = EXIT_LINE.exec(stdout.slice(-32));
  const exitCode = Number(end?.[1]);
  if (end === null || exitCode > 255) return undefined;
  return { exitCode, stdout: stdout.slice(0, -end[0].length) };
}
