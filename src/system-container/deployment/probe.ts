import { script } from '../../host/command.ts';
import type { Host } from '../../host/host.ts';
import type { PathState } from '../host-file/host-files.ts';
import { SHELL_FUNCTIONS } from '../machine/shell.ts';
import { PRINT_SPEC_FACTS, parseSpecFacts, type SpecFacts } from '../runtime-spec/facts.ts';
import { type FoundDeployments, LIST_DEPLOYMENTS, parseDeployments } from './deployments.ts';
import type { RuntimeFeatures } from './unit.ts';

/** What an install asks a machine. */
export interface Questions {
  readonly root: string;
  readonly runtime: string;
  /** The image has no configuration of its own. */
  readonly wantsSpec: boolean;
  readonly units: readonly string[];
  readonly paths: readonly string[];
  /** Files whose checksums are wanted. */
  readonly files?: readonly string[];
}

export interface Answers {
  readonly deployments: FoundDeployments;
  /** undefined: the program does not exist. */
  readonly runtime: RuntimeFeatures | undefined;
  /** What decides whether the runtime takes a configuration. */
  readonly facts: SpecFacts;
  /** What `RUNTIME spec --rootless` writes. */
  readonly spec: string | undefined;
  /** Those of the units asked for that run. */
  readonly activeUnits: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, PathState>;
  /** Of the files asked for: the SHA-256 of the content or of a link's target, `-` when there is nothing. */
  readonly checksums: ReadonlyMap<string, string>;
}

/** $1 checkout root, $2 runtime, $3 units, $4 whether a spec is wanted; on stdin lines `path TAB PATH` and `file TAB PATH`. Prints `KEY TAB VALUE...` lines. */
const PROBE = `${SHELL_FUNCTIONS}${LIST_DEPLOYMENTS}${PRINT_SPEC_FACTS}
list_deployments "$1"
spec_facts "$2"
if [ -x "$2" ]; then
  "$2" --help 2>&1 | grep -q -e --systemd-cgroup && cgroup=yes || cgroup=no
  "$2" run --help 2>&1 | grep -q -e --pid-file && pid=yes || pid=no
  printf 'runtime\\t%s\\t%s\\n' $cgroup $pid
  if [ "$4" = yes ]; then
    place=$(mktemp -d /run/kboot.XXXXXX)
    (cd "$place" && "$2" spec --rootless >&2) || true
    printf 'spec\\t%s\\n' "$(encoded "$place/config.json")"
    rm -rf "$place"
  fi
fi
for unit in $3; do
  if systemctl --quiet is-active "$unit"; then printf 'active\\t%s\\n' "$unit"; fi
done
while IFS=$tab read -r kind path; do
  if [ "$kind" = file ]; then
    printf 'file\\t%s\\t%s\\n' "$(checksum_of "$path")" "$path"
    continue
  fi
  if [ -L "$path" ]; then if [ -d "$path" ]; then state=link-to-directory; else state=link; fi
  elif [ -d "$path" ]; then state=directory
  elif [ -f "$path" ]; then state=file
  elif [ -e "$path" ]; then state=other
  else state=absent; fi
  printf 'path\\t%s\\t%s\\n' "$state" "$path"
done
`;

/** Asks everything in one round trip. Nothing on the machine is changed. */
export async function probe(host: Host, questions: Questions, signal?: AbortSignal): Promise<Answers> {
  const { root, runtime, wantsSpec, units, paths, files = [] } = questions;
  const { stdout } = await host.query(
    {
      ...script(PROBE, root, runtime, units.join(' '), wantsSpec ? 'yes' : 'no'),
      stdin: [...paths.map((path) => `path\t${path}\n`), ...files.map((path) => `file\t${path}\n`)].join(''),
      sudo: true,
    },
    signal,
  );
  return parseAnswers(stdout);
}

/** Reads what the probe's script printed. */
export function parseAnswers(stdout: string): Answers {
  const lines = stdout.split('\n').map((line) => line.split('\t'));
  const valuesOf = (key: string) => lines.flatMap(([first, value = '']) => (first === key ? [value] : []));
  const runtime = lines.find(([key]) => key === 'runtime');
  const spec = valuesOf('spec')[0];
  return {
    deployments: parseDeployments(stdout),
    runtime: runtime && { systemdCgroup: runtime[1] === 'yes', pidFile: runtime[2] === 'yes' },
    facts: parseSpecFacts(stdout),
    spec: spec === undefined || spec === '-' ? undefined : Buffer.from(spec, 'base64').toString('utf8'),
    activeUnits: new Set(valuesOf('active')),
    states: new Map(
      lines.flatMap(([key, state, path]) => (key === 'path' ? [[path ?? '', state as PathState]] : [])),
    ),
    checksums: new Map(
      lines.flatMap(([key, checksum = '', path]) => (key === 'file' ? [[path ?? '', checksum]] : [])),
    ),
  };
}
