import { RUN_DIR } from '../cluster/paths.ts';
import { script } from '../host/command.ts';
import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';

/** Folders, each perhaps with a file system of its own, in which the program's files have to be on the disk. */
const DURABLE = '/etc/kubernetes /var/lib/kubelet';

/**
 * Runs a program as a transient systemd unit, so that it outlives a lost connection. $1 unit, $2 output file, $3
 * marker that is made when the program succeeds; the rest is the program. A unit that still runs is left alone, and
 * so is the result of one that has succeeded in the meantime.
 * The PATH of kboot's commands goes along: systemd's own knows no /opt/bin.
 * Output and exit code stay in root-only files under /run, because kubeadm's output holds the join token.
 */
const START = `
unit=$1 out=$2 marker=$3
shift 3
umask 077
mkdir -p ${RUN_DIR}
if systemctl is-active --quiet "$unit"; then exit 0; fi
if [ -e "$marker" ] && [ -e "$out.exit" ]; then exit 0; fi
rm -f "$out" "$out.exit"
systemctl reset-failed "$unit" 2>/dev/null || true
systemd-run --quiet --collect --unit="$unit" --setenv="PATH=$PATH" sh -c '
  out=$1 marker=$2
  shift 2
  code=0
  { "$@" && sync -f ${DURABLE}; } >"$out" 2>&1 || code=$?
  # This must not outlive a power cut that takes what it speaks of.
  if [ "$code" = 0 ]; then : >"$marker"; fi
  echo "$code" >"$out.exit.new"
  mv "$out.exit.new" "$out.exit"
' kboot "$out" "$marker" "$@"
`;

/** Waits for the unit's end, prints the program's output and exits with its code. $1 unit, $2 output file. */
const WAIT = `
tries=0
while [ ! -e "$2.exit" ]; do
  tries=$((tries + 1))
  if [ $((tries % 20)) = 0 ] && ! systemctl is-active --quiet "$1" && [ ! -e "$2.exit" ]; then
    echo "$1 ended without a result" >&2
    exit 70
  fi
  sleep 0.1
done
cat "$2"
exit "$(cat "$2.exit")"
`;

/** $1 unit, $2 output file, $3 marker; the rest are paths that a try makes. */
const FORMER = `
unit=$1 out=$2 marker=$3
shift 3
if systemctl is-active --quiet "$unit" || { [ -e "$marker" ] && [ -e "$out.exit" ]; }; then echo going; exit 0; fi
for path do if [ -e "$path" ]; then echo left; exit 0; fi; done
echo none
`;

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
  const look = script(FORMER, unit, outputOf(unit), marker, ...traces);
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
  await host.change({ ...script(START, unit, file, marker, ...argv), sudo: true }, signal);
  try {
    const wait = { ...script(WAIT, unit, file), sudo: true, secretOutput: true, timeoutMs };
    const { stdout } = await host.query(wait, signal);
    return { output: stdout, exitCode: 0 };
  } catch (error) {
    if (error instanceof CommandError && error.exitCode !== undefined) {
      return { output: error.stdout || error.stderr, exitCode: error.exitCode };
    }
    throw error;
  }
}
