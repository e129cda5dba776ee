import { tmpfilesPath, unitPath } from '../machine/paths.ts';
import type { Applied } from './apply.ts';
import type { Settled } from './decide.ts';

/** What the format says about a new deployment in `dir`, in its words. */
export function deploymentMessages(
  dir: string,
  { hostFiles, existing, modified }: Pick<Settled, 'hostFiles' | 'existing' | 'modified'>,
  applied: Pick<Applied, 'existing' | 'modified'>,
): readonly string[] {
  const left = new Set([...existing, ...applied.existing]);
  const created = hostFiles.filter(
    ({ kind, path }) => (kind === 'copy' || kind === 'link') && !left.has(path),
  );
  return [
    `Extracting to ${dir}`,
    ...[...new Set([...modified, ...applied.modified])].map(
      (path) => `Will not delete ${path} as it was manually modified.`,
    ),
    ...[...left].map((path) => `File ${path} already exists`),
    ...created.map(({ path }) => `Created file ${path}`),
  ];
}

/** What an install would do, for those who look before they install. */
export function displayMessages(dir: string, name: string, settled: Settled): readonly string[] {
  const files = settled.hostFiles.filter(({ kind }) => kind !== 'kept').map(({ path }) => path);
  const engine = [
    ...(settled.unit === undefined ? [] : [unitPath(name)]),
    ...(settled.tmpfiles === '' ? [] : [tmpfilesPath(name)]),
  ];
  const directories = settled.stateDirectories.map((path) => `would create the directory ${path}`);
  return [
    `Extracting to ${dir}`,
    ...settled.existing.map((path) => `File ${path} already exists`),
    ...[...files, ...engine].map((path) => `would create ${path}`),
    ...directories,
    ...settled.units.map((path) => `would enable and start ${path.slice(path.lastIndexOf('/') + 1)}`),
  ];
}
