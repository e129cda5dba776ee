import { ExecaError, execa } from 'execa';
import { toShell } from '../../host/command.ts';
import { KbootError } from '../../lib/errors.ts';

export interface RunOptions {
  readonly cwd?: string;
  /** Set in addition to, and in place of, kboot's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Without it the output comes back byte for byte. */
  readonly stripFinalNewline?: boolean;
}

/** Bytes of output that are kept for an error; compilers can say a lot. */
const KEPT = 10 * 1024 * 1024;

/** A compiler says what is wrong in its last lines. */
const LINES_SHOWN = 10;

/**
 * Runs a program of the operator's machine and returns its standard output, without the final newline. Throws
 * BUILD_FAILED with the last lines of its standard error. At an abort the program gets SIGTERM, and SIGKILL
 * five seconds later.
 */
export async function run(
  argv: readonly [string, ...string[]],
  { cwd, env, signal, stripFinalNewline = true }: RunOptions = {},
): Promise<string> {
  const [program, ...args] = argv;
  signal?.throwIfAborted();
  try {
    const { stdout } = await execa(program, args, {
      stdin: 'ignore',
      maxBuffer: KEPT,
      stripFinalNewline,
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    return stdout;
  } catch (cause) {
    signal?.throwIfAborted();
    if (!(cause instanceof ExecaError)) throw cause;
    throw failed(argv, cause);
  }
}

function failed(argv: readonly string[], cause: ExecaError): KbootError {
  const said = String(cause.stderr ?? '')
    .trimEnd()
    .split('\n')
    .slice(-LINES_SHOWN)
    .join('\n');
  const why =
    cause.exitCode === undefined ? cause.shortMessage : `exit code ${cause.exitCode}: ${toShell(argv)}`;
  return new KbootError('BUILD_FAILED', said === '' ? why : `${why}\n${said}`, { cause });
}
