import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
import type { PathState } from '../host-file/host-files.ts';
import { parseSpecFacts, type SpecFacts } from '../runtime-spec/facts.ts';
import { type FoundDeployments, parseDeployments } from './deployments.ts';
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

/** Asks everything in one round trip. Nothing on the machine is changed. */
export async function probe(host: Host, questions: Questions, signal?: AbortSignal): Promise<Answers> {
  const { root, runtime, wantsSpec, units, paths, files = [] } = questions;
  const { stdout } = await host.query(
    {
      ...remoteScript('system-container/probe', root, runtime, units.join(' '), wantsSpec ? 'yes' : 'no'),
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
