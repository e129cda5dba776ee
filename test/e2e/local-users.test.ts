import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useContainerLab } from '../helpers/container-lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { directory, file, makeImage, makeLayer } from '../system-container/make-image.ts';

const SECRET = 'planted-secret-5c1e';
const CONFIG = {
  ociVersion: '1.0.2',
  process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['/bin/program', '$PASSWORD'], cwd: '/' },
  root: { path: 'rootfs', readonly: true },
};

/** What an unprivileged user finds below a folder: programs with another's rights, places to write to, a secret. */
const LOOK = `
cd /
for user in 1000:1000 65534:65534; do
  as() { setpriv --reuid "\${user%:*}" --regid "\${user#*:}" --clear-groups "$@"; }
  as find "$1" -perm /6000 -type f 2> /dev/null | sed 's/^/setuid /'
  as find "$1" -writable ! -type l 2> /dev/null | sed 's/^/writable /'
  as grep -rls "$2" "$1" 2> /dev/null | sed 's/^/secret /'
done
true
`;

describeE2e('an unprivileged user of a machine with containers of others', () => {
  const { sh, send, install, update } = useContainerLab();
  const look = () => sh(LOOK, '/var/lib/containers', SECRET);

  const imageWith = async (text: string) => {
    const program = await readFile('/usr/bin/true');
    const layer = await makeLayer([
      file('exports/config.json.template', JSON.stringify(CONFIG)),
      file('exports/manifest.json', JSON.stringify({ defaultValues: { PASSWORD: 'none' } })),
      file('bin/program', program, 0o4755),
      file('bin/group', 'x', 0o2755),
      { ...file('home/theirs', text, 0o666), uid: 1000, gid: 1000 },
      { ...directory('home/open/', 0o777), uid: 1000, gid: 1000 },
      { ...directory('tmp/', 0o1777) },
    ]);
    await send([layer]);
    return makeImage('example/theirs:v1', [layer]);
  };

  test('finds no program with the rights of another, no place to write to, and no secret', async () => {
    await install(await imageWith('one'), 'theirs', { PASSWORD: SECRET });
    // What root finds: the test is no look at nothing.
    expect(await sh('find /var/lib/containers/atomic/theirs.0/rootfs -perm /6000 -type f')).toContain(
      'bin/program',
    );
    expect(await sh('grep -l "$1" /var/lib/containers/atomic/theirs.0/config.json', SECRET)).toContain(
      'config.json',
    );
    expect(await look()).toBe('');
  });

  test('finds nothing of the deployment that an update prepares either', async () => {
    await update(await imageWith('two'), 'theirs', {}, true);
    expect(await sh('stat -c %a /var/lib/containers/atomic/theirs.1')).toBe('700\n');
    expect(await look()).toBe('');
  });

  test('finds nothing any more in deployments that were open', async () => {
    await sh(
      'chmod 755 /var/lib/containers/atomic/theirs.0; chmod 644 /var/lib/containers/atomic/theirs.0/info',
    );
    expect(await look()).not.toBe('');
    await update(await imageWith('three'), 'theirs', {}, true);
    expect(await look()).toBe('');
  });

  test("can run the programs of an image in which everything is root's, and finds nothing more", async () => {
    const layer = await makeLayer([
      file('exports/config.json.template', JSON.stringify(CONFIG)),
      file('exports/manifest.json', JSON.stringify({ defaultValues: { PASSWORD: 'none' } })),
      file('bin/program', await readFile('/usr/bin/true'), 0o755),
    ]);
    await send([layer]);
    await install(await makeImage('example/tools:v1', [layer]), 'tools', { PASSWORD: SECRET });
    await sh(
      'setpriv --reuid 1000 --regid 1000 --clear-groups /var/lib/containers/atomic/tools/rootfs/bin/program',
    );
    expect(await look()).toBe('');
  });
});
