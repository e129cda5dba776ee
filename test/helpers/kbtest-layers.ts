import {
  directory,
  file,
  hardLink,
  link,
  makeLayer,
  type TestLayer,
} from '../system-container/make-image.ts';
import { PROGRAM_CONFIG } from './container-lab.ts';

/**
 * The two layers of the service "kbtest": links, whiteouts, a file that becomes a directory, modes, and host files.
 * `program` is what it runs.
 */
export async function kbtestLayers(program: Buffer): Promise<readonly [TestLayer, TestLayer]> {
  const base = await makeLayer([
    directory('./'),
    directory('bin/'),
    file('bin/program', program, 0o755),
    hardLink('bin/same', 'bin/program'),
    directory('tmp/', 0o1777),
    directory('proc/'),
    directory('state/'),
    directory('old/'),
    file('old/gone', 'x'),
    file('replaced', 'a file'),
    link('later-a-directory', 'old'),
  ]);
  const service = await makeLayer([
    file('old/.wh.gone', ''),
    file('tmp/note', 'kept mode of /tmp'),
    directory('replaced/'),
    file('replaced/inside', 'y'),
    directory('later-a-directory/'),
    file('later-a-directory/file', 'z'),
    directory('exports/'),
    directory('exports/hostfs/'),
    directory('exports/hostfs/etc/'),
    directory('exports/hostfs/etc/kbtest/', 0o750),
    file('exports/hostfs/etc/kbtest/settings', 'greeting=${GREETING}\n', 0o640),
    directory('exports/hostfs/etc/kbtest/empty/', 0o700),
    directory('exports/hostfs/opt/'),
    link('exports/hostfs/opt/kbtest-program', '/var/lib/containers/atomic/kbtest/rootfs/bin/program'),
    file('exports/config.json.template', JSON.stringify(PROGRAM_CONFIG)),
    file(
      'exports/manifest.json',
      JSON.stringify({
        defaultValues: { GREETING: 'hello' },
        installedFilesTemplate: ['/etc/kbtest/settings'],
      }),
    ),
  ]);
  return [base, service];
}
