import { KbootError } from './errors.ts';

/** The command that installs the packages, for a shell. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get update && apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
}

/** Something that this computer lacks, and the Debian package that has it. */
export interface Missing {
  /** For people: a program, a library, or the package itself. */
  readonly need: string;
  /** Undefined when Debian's is of no use; `from` says where to get it then. */
  readonly package: string | undefined;
  readonly from?: string;
}

interface Ensure {
  /** Begins the error: `the lab needs packages that are not installed`. */
  readonly complaint: string;
  readonly find: () => Promise<readonly Missing[]>;
  /** Install what is missing instead of throwing. */
  readonly install: boolean;
  /** The command line that would install it: `kboot lab up --install`. */
  readonly verb: string;
  readonly onProgress: (text: string) => void;
  /** Runs a command line of the shell. */
  readonly run: (command: string) => Promise<unknown>;
}

/** Makes sure that nothing is missing. Throws MISSING_REQUIREMENT with the one command that helps. */
export async function ensurePackages(options: Ensure): Promise<void> {
  const { complaint, find, install, verb, onProgress, run } = options;
  const missing = await find();
  if (missing.length === 0) return;
  const packages = packagesOf(missing);
  if (!install || packages.length === 0) throw lacking(complaint, missing, packages, verb);
  onProgress(`installing ${packages.join(', ')}`);
  await run(`DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; ${installCommand(packages)}`);
  const still = await find();
  if (still.length > 0)
    throw lacking('still missing after the installation', still, packagesOf(still), undefined);
}

function packagesOf(missing: readonly Missing[]): readonly string[] {
  return [...new Set(missing.flatMap(({ package: name }) => (name === undefined ? [] : [name])))];
}

function lacking(
  complaint: string,
  missing: readonly Missing[],
  packages: readonly string[],
  verb: string | undefined,
): KbootError {
  const shortcut = verb === undefined ? '' : ` (or ${verb}, which runs it)`;
  const todo = [
    ...missing.flatMap(({ need, from }) => (from === undefined ? [] : [`${need}: ${from}`])),
    ...(packages.length === 0 ? [] : [`${installCommand(packages)}${shortcut}`]),
  ];
  const needs = missing.map(({ need }) => need).join(', ');
  return new KbootError('MISSING_REQUIREMENT', `${complaint}: ${needs}`, { hint: todo.join('\n') });
}
