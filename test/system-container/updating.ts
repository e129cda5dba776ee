import { FakeHost, type Reply } from '../helpers/fake-host.ts';
import { runs } from '../helpers/script.ts';
import { file, type Member, makeImage, makeLayer } from './make-image.ts';

/** The scripts that an update runs, told by a line of each. */
export const isProbe = runs('probe');
export const isList = runs('list-deployments');
export const isUnpack = runs('unpack-layers');
export const isApply = runs('apply');
export const isRecover = runs('recover');

export const ROOT = '/var/lib/containers/atomic';
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
export const RUNTIME = 'runtime\tyes\tyes\n';

/** A container in slot 0, and perhaps something in slot 1. */
export function there(info: object, other?: { readonly info?: object; readonly prepared?: boolean }): string {
  const second = other
    ? `folder\ttest.1\t${other.info ? encode(other.info) : '-'}\t-\t${other.prepared ? 'prepared' : '-'}\n`
    : '';
  return `link\ttest\ttest.0\nfolder\ttest.0\t${encode(info)}\t-\t-\n${second}`;
}

/** The answer of a machine that has nothing but `head` and these files. */
export const probed =
  (head: string, checksums: Readonly<Record<string, string>> = {}): Reply =>
  (_command, stdin) =>
    RUNTIME +
    head +
    stdin
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([kind, path = '']) =>
        kind === 'file' ? `file\t${checksums[path] ?? '-'}\t${path}\n` : `path\tabsent\t${path}\n`,
      )
      .join('');

/** An image of `example/test:v2`. */
export async function imageWith(members: readonly Member[] = [], manifest: object = {}) {
  const layer = await makeLayer([
    file('exports/config.json', '{}'),
    file('exports/manifest.json', JSON.stringify(manifest)),
    ...members,
  ]);
  return makeImage('example/test:v2', [layer]);
}

/** A machine on which an update ends well. */
export const machine = (state: string, checksums: Readonly<Record<string, string>> = {}) =>
  new FakeHost()
    .on(isList, state)
    .on(isProbe, probed(state, checksums))
    .on(isUnpack)
    .on(isApply, 'away\t120\n');

export const COMMON = { name: 'test', capabilities: [], blobDirs: ['/blobs'] };
export const OLD = {
  revision: 'old',
  image: 'example/test:v1',
  'user-values': { A: '1' },
  values: { UUID: 'same', A: '1' },
};

/** The info that the last archive holds for the new deployment. */
export function infoSent(host: FakeHost) {
  const { stdin = '' } = host.calls.at(-1) ?? {};
  return JSON.parse(/\{\n {4}"image"[\s\S]*?\n\}\n/.exec(stdin)?.[0] ?? '{}');
}
