import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  expandRenames,
  type HostFile,
  hostFiles,
  type PathState,
  planHostFiles,
  renamed,
  sha256,
} from '../../../src/system-container/host-file/host-files.ts';
import type { Scalar } from '../../../src/system-container/image/template.ts';
import { directory, file, hardLink, link, type Member, makeImage, makeLayer } from '../make-image.ts';

const VALUES = new Map<string, Scalar>([
  ['NAME', 'one'],
  ['CONF_DIRECTORY', '/etc'],
  ['PORT', 8081],
]);

async function filesOf(manifest: object, ...members: Member[]): Promise<readonly HostFile[]> {
  const layer = await makeLayer([...members, file('exports/manifest.json', JSON.stringify(manifest))]);
  const image = await makeImage('example/test', [layer]);
  return hostFiles(image, expandRenames(image, VALUES), VALUES);
}
const at = (path: string) => `exports/hostfs/${path}`;
const brief = (files: readonly HostFile[]) => files.map(({ kind, path }) => `${kind} ${path}`);

describe('renames', () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['/a/b/c', {}, '/a/b/c'],
    ['/a/b/c', { '/a': '/x', '/x/b': '/y/z' }, '/y/z/c'],
    ['/a/b', { '/a/b': '/q' }, '/q'],
    ['/a/b', { '/a/': '/q', 'a/b': '/r' }, '/a/b'],
    ['/ab', { '/a': '/x' }, '/ab'],
    ['/constructor', {}, '/constructor'],
  ])('%s with %j becomes %s', (path, renames, expected) => {
    expect(renamed(path, renames)).toBe(expected);
  });

  test('their values are expanded, their keys are not', async () => {
    const files = await filesOf(
      { renameFiles: { '/etc/etcd.conf': '$CONF_DIRECTORY/$NAME/etcd.conf', '/bin/$NAME': '/nowhere' } },
      file(at('etc/etcd.conf'), 'x'),
      file(at('bin/one'), 'y'),
    );
    expect(brief(files)).toEqual([
      'directory /bin',
      'copy /bin/one',
      'directory /etc',
      'directory /etc/one',
      'copy /etc/one/etcd.conf',
    ]);
  });

  test('a variable without a value is an error of manifest.json', async () => {
    await expect(filesOf({ renameFiles: { '/a': '/$MISSING' } })).rejects.toThrow(
      "The template file 'manifest.json' still contains an unreplaced value for: ''MISSING''",
    );
  });

  test.each(['relative', '/a/../etc', '/', '/a\tb', ''])('the place %j is refused', async (place) => {
    await expect(filesOf({ renameFiles: { '/a': place } })).rejects.toThrow(
      'cannot be the place of a host file',
    );
  });
});

describe('the files of an image', () => {
  test('parents come first, with the modes they have in the image', async () => {
    const files = await filesOf(
      {},
      directory(at('etc/'), 0o755),
      directory(at('etc/kube/'), 0o750),
      file(at('etc/kube/config'), 'x', 0o640),
      directory(at('etc/empty/'), 0o700),
      file(at('usr/local/bin/tool'), 'y', 0o4755),
    );
    expect(files.map(({ path, ...rest }) => [path, 'mode' in rest ? rest.mode.toString(8) : '-'])).toEqual([
      ['/etc', '755'],
      ['/etc/empty', '700'],
      ['/etc/kube', '750'],
      ['/etc/kube/config', '640'],
      ['/usr', '755'],
      ['/usr/local', '755'],
      ['/usr/local/bin', '755'],
      ['/usr/local/bin/tool', '4755'],
    ]);
  });

  test('a directory whose content is renamed away is not made', async () => {
    const files = await filesOf(
      { renameFiles: { '/etc/etcd/etcd.conf': '/opt/etcd.conf' } },
      directory(at('etc/')),
      directory(at('etc/etcd/')),
      file(at('etc/etcd/etcd.conf'), 'x'),
    );
    expect(brief(files)).toEqual(['directory /opt', 'copy /opt/etcd.conf']);
  });

  test('links stay links, whatever they point to', async () => {
    const files = await filesOf({}, link(at('to-directory'), '/etc'), link(at('dangling'), '../no/where'));
    expect(files).toEqual([
      { kind: 'link', path: '/dangling', target: '../no/where', checksum: sha256('../no/where') },
      { kind: 'link', path: '/to-directory', target: '/etc', checksum: sha256('/etc') },
    ]);
  });

  test.each(['/etc/a', '/etc/b'])('a template named by %s is expanded, other files are not', async (name) => {
    const files = await filesOf(
      { installedFilesTemplate: [name], renameFiles: { '/etc/a': '/etc/b' } },
      file(at('etc/a'), 'port $PORT', 0o600),
      file(at('etc/other'), 'port $PORT'),
    );
    expect(files.slice(1)).toEqual([
      { kind: 'text', path: '/etc/b', mode: 0o600, text: 'port 8081', checksum: sha256('port 8081') },
      {
        ...{ kind: 'copy', path: '/etc/other', mode: 0o644, source: 'exports/hostfs/etc/other' },
        checksum: sha256('port $PORT'),
      },
    ]);
  });

  test('a template that is no text is refused, and so is a file whose content is not known', async () => {
    await expect(
      filesOf({ installedFilesTemplate: ['/a'] }, file(at('a'), Buffer.from([0, 255]))),
    ).rejects.toThrow('is not a plain text file');
    await expect(filesOf({}, file('usr/a', 'x'), hardLink(at('a'), 'usr/a'))).rejects.toThrow(
      'shares its file with one outside /exports',
    );
  });

  test('a name that would split a line is refused', async () => {
    await expect(filesOf({}, file(at('a\nb'), 'x'))).rejects.toThrow('cannot be the place of a host file');
    await expect(filesOf({}, link(at('a'), 'x\ny'))).rejects.toThrow('cannot be the target of a link');
  });
});

describe('what is there already', () => {
  const files: HostFile[] = [
    { kind: 'directory', path: '/etc', mode: 0o755, checksum: '0' },
    { kind: 'text', path: '/etc/a', mode: 0o644, text: '', checksum: '' },
    { kind: 'link', path: '/b', target: 'x', checksum: '' },
  ];
  const plan = (states: Readonly<Record<string, PathState>>) =>
    planHostFiles(files, (path) => states[path] ?? 'absent');

  test('is left alone', () => {
    expect(plan({}).create).toEqual(files);
    for (const state of ['file', 'link', 'link-to-directory', 'directory', 'other'] as const) {
      const { create, existing } = plan({ '/etc/a': state });
      expect([brief(create), brief(existing)]).toEqual([['directory /etc', 'link /b'], ['text /etc/a']]);
    }
    expect(brief(plan({ '/etc': 'link-to-directory' }).create)).toEqual(['text /etc/a', 'link /b']);
  });

  test.each(['file', 'link', 'other'] as const)('a %s where files have to be put is refused', (state) => {
    expect(() => plan({ '/etc': state })).toThrow('/etc is in the way: it must be a directory');
  });
});

test('every file comes after its parents, however files are renamed', async () => {
  const part = fc.constantFrom('a', 'b', 'c');
  const relative = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(relative, { maxLength: 6 }),
      fc.dictionary(
        relative.map((path) => `/${path}`),
        relative.map((path) => `/x/${path}`),
        { maxKeys: 3 },
      ),
      async (paths, renameFiles) => {
        // A path cannot be a file and a directory.
        const leaves = paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`)));
        const made = filesOf({ renameFiles }, ...leaves.map((path) => file(at(path), path)));
        const places = leaves.map((path) => renamed(`/${path}`, renameFiles));
        const meet = places.some((place, index) =>
          places.some((other, at) => at !== index && (other === place || other.startsWith(`${place}/`))),
        );
        if (meet) {
          await expect(made).rejects.toThrow(' would be ');
          return;
        }
        const files = await made;
        const seen = new Set(['']);
        for (const { path } of files) {
          expect(seen).toContain(path.slice(0, path.lastIndexOf('/')));
          expect(seen).not.toContain(path);
          seen.add(path);
        }
      },
    ),
    { numRuns: 60 },
  );
});
