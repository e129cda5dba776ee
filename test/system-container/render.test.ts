import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { machineCapabilities } from '../../src/system-container/capabilities.ts';
import { settle } from '../../src/system-container/decide.ts';
import type { PathState } from '../../src/system-container/host-files.ts';
import type { SystemImage } from '../../src/system-container/image.ts';
import { CHECKOUT_ROOT } from '../../src/system-container/paths.ts';
import { pathsToAsk, type RenderInputs, render } from '../../src/system-container/render.ts';
import { directory, file, link, type Member, makeImage, makeLayer } from './make-image.ts';

const GOLDEN = '../golden/system-container';

function inputs(image: SystemImage, changes: Partial<RenderInputs> = {}): RenderInputs {
  return {
    ...{ image, name: 'test', root: CHECKOUT_ROOT, slot: 0, userValues: {} },
    uuid: '0b57d7a4-3a4c-4d71-9f7c-0f4a1c5bb0aa',
    // A machine that cannot raise limits.
    capabilities: machineCapabilities('000001fffeffffff'),
    runtime: '/usr/local/bin/runc',
    readOnly: [],
    features: { systemdCgroup: true, pidFile: true },
    spec: undefined,
    ...changes,
  };
}

function decided(
  image: SystemImage,
  changes: Partial<RenderInputs>,
  states: Readonly<Record<string, PathState>>,
) {
  const all = inputs(image, changes);
  const rendered = render(all);
  return settle({
    ...{ image, name: all.name, userValues: all.userValues, runtime: all.runtime, rendered },
    layers: ['a'.repeat(64)],
    states: new Map(pathsToAsk(rendered, all.name).map((asked) => [asked, states[asked] ?? 'absent'])),
    leftovers: undefined,
    created: 1_760_000_000,
  });
}

const HOST = Object.fromEntries(
  [
    '/etc',
    '/usr',
    '/usr/local',
    '/usr/local/bin',
    '/etc/systemd',
    '/etc/systemd/system',
    '/etc/tmpfiles.d',
    '/var',
    '/var/lib',
    '/opt',
  ].map((directory) => [directory, 'directory'] as const),
);

const ROOT = { path: 'rootfs', readonly: true };

/** The /exports of one of kboot's own images. */
function exportsOf(folder: string, below = ''): Member[] {
  return readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry): Member[] => {
    const name = path.join(below, entry.name);
    if (entry.isDirectory()) return [directory(`exports/${name}/`), ...exportsOf(folder, name)];
    if (entry.isSymbolicLink()) return [link(`exports/${name}`, readlinkSync(path.join(folder, name)))];
    return [
      file(
        `exports/${name}`,
        readFileSync(path.join(folder, name)),
        statSync(path.join(folder, name)).mode & 0o755,
      ),
    ];
  });
}

describe("kboot's own images, on a machine without anything", () => {
  const etcd = {
    ETCD_NAME: 'cp-1',
    ETCD_INITIAL_CLUSTER: 'cp-1=https://10.0.0.1:2380',
  };
  const decidedOf = async (name: string, userValues: Readonly<Record<string, string>>) => {
    const layer = await makeLayer(exportsOf(path.join(import.meta.dirname, '../../images', name, 'exports')));
    const image = await makeImage(`kboot/${name}:v1`, [layer]);
    // The id would change with every byte of the image.
    return decided({ ...image, id: 'b'.repeat(64) }, { name, userValues }, HOST);
  };
  const mounts = ',{"type":"bind","source":"/etc","destination":"/etc","options":["rbind","rslave"]}';
  test.each<[string, Readonly<Record<string, string>>]>([
    ['etcd', etcd],
    ['kubelet', { HOST_MOUNTS: mounts }],
    ['node-runtime', { PAUSE_IMAGE: 'registry.k8s.io/pause:3.10.2' }],
    ['kube-apiserver', { ADVERTISE_ADDRESS: '10.0.0.1' }],
    ['kube-controller-manager', {}],
    ['kube-scheduler', {}],
    ['kube-proxy', { NODE_NAME: 'node-1' }],
    ['flannel', { NODE_NAME: 'node-1', FLANNELD_IFACE: 'eth1' }],
  ])('%s', async (name, userValues) => {
    const result = await decidedOf(name, userValues);
    const golden = (file: string) => `${GOLDEN}/${name}/${file}`;
    await expect(result.config).toMatchFileSnapshot(golden('config.json'));
    await expect(result.info).toMatchFileSnapshot(golden('info'));
    await expect(result.tmpfiles).toMatchFileSnapshot(golden('tmpfiles.conf'));
    await expect(result.unit ?? '').toMatchFileSnapshot(golden('unit.service'));
    await expect(
      result.hostFiles
        .map(({ kind, path: place, source }) => {
          const text = result.texts.get(source);
          return text === undefined ? `## ${kind} ${place}\n` : `## ${place}\n${text}\n`;
        })
        .join(''),
    ).toMatchFileSnapshot(golden('host-files'));
  });

  test('etcd is given its own certificates, no key of a CA, and few system calls', async () => {
    const { mounts, linux } = JSON.parse((await decidedOf('etcd', etcd)).config) as {
      mounts: { source: string }[];
      linux: { seccomp: { defaultAction: string; syscalls: { names: string[]; action: string }[] } };
    };
    const pki = mounts.map(({ source }) => source).filter((source) => source.startsWith('/etc/kubernetes'));
    expect([...new Set(pki)].sort()).toEqual(
      ['ca.crt', 'peer.crt', 'peer.key', 'server.crt', 'server.key'].map(
        (name) => `/etc/kubernetes/pki/etcd/${name}`,
      ),
    );
    const { defaultAction, syscalls } = linux.seccomp;
    expect(defaultAction).toBe('SCMP_ACT_ERRNO');
    const allowed = syscalls.flatMap(({ names, action }) => (action === 'SCMP_ACT_ALLOW' ? names : []));
    expect(allowed).toContain('fdatasync');
    for (const call of [
      'mount',
      'setns',
      'unshare',
      'ptrace',
      'bpf',
      'keyctl',
      'init_module',
      'io_uring_setup',
    ])
      expect(allowed).not.toContain(call);
  });
});

describe('an image that brings nothing', () => {
  test('gets the built-in unit and the proposal of the runtime', async () => {
    const image = await makeImage('example/plain:1', [await makeLayer([file('bin/run.sh', 'x')])]);
    const spec = JSON.stringify({ process: { args: ['sh'], cwd: '/', terminal: true }, root: {} });
    const rendered = render(inputs(image, { spec }));
    expect(JSON.parse(rendered.config)).toEqual({
      process: { args: ['run.sh'], cwd: '/', terminal: false },
      root: ROOT,
    });
    await expect(rendered.unit).toMatchFileSnapshot(`${GOLDEN}/built-in.service`);
    expect(rendered.warnings).toEqual([
      'Warning: /exports directory not found.  Default config files will be generated.',
      'Warning: You may want to modify `/var/lib/containers/atomic/test.0/config.json` before starting the service',
    ]);
    expect(render(inputs(image)).config).toBe('{}');
  });
});

describe('what is refused before anything is changed', () => {
  const renderOf = async (members: Member[], changes: Partial<RenderInputs> = {}) =>
    render(inputs(await makeImage('example/test', [await makeLayer(members)]), changes));
  const DEPLOYMENT = '/var/lib/containers/atomic/test.0';

  test.each<[string, Member[], string]>([
    [
      'a missing value',
      [file('exports/config.json.template', '{"a": "$MISSING"}')],
      `The template file '${DEPLOYMENT}/rootfs/exports/config.json.template' still contains an unreplaced value for: ''MISSING''`,
    ],
    [
      'a missing value in the unit',
      [file('exports/config.json', '{}'), file('exports/service.template', '$MISSING')],
      `'${DEPLOYMENT}/rootfs/exports/service.template'`,
    ],
    [
      'a missing value in tmpfiles',
      [file('exports/config.json', '{}'), file('exports/tmpfiles.template', '$MISSING')],
      `'${DEPLOYMENT}/rootfs/exports/tmpfiles.template'`,
    ],
    [
      'broken JSON',
      [file('exports/config.json.template', '{')],
      `Invalid json in configuration file: ${DEPLOYMENT}/config.json.`,
    ],
    [
      'a writable root',
      [file('exports/config.json', '{"root": {"path": "rootfs"}}')],
      'Only readonly images are supported',
    ],
    [
      'a unit that is not there',
      [file('exports/manifest.json', '{"units": ["x.service"]}')],
      'names the unit x.service',
    ],
    [
      'a template too big',
      [file('exports/service.template', 'x'.repeat(300_000))],
      'is not a plain text file of at most 256 KiB',
    ],
    [
      'a template that is a link',
      [link('exports/service.template', '/etc/passwd')],
      'is not a plain text file',
    ],
  ])('%s', async (_title, members, message) => {
    await expect(renderOf(members)).rejects.toThrow(message);
  });

  test('a line break that would reach the unit', async () => {
    const members = [
      file('exports/config.json', '{}'),
      file('exports/service.template', '[Unit]\nDescription=$TEXT\n'),
    ];
    await expect(renderOf(members, { userValues: { TEXT: 'x\nExecStart=/bin/evil' } })).rejects.toThrow(
      'the value of TEXT has a line break',
    );
    expect((await renderOf(members, { userValues: { TEXT: 'x', OTHER: 'a\nb' } })).unit).toContain(
      'Description=x\n',
    );
  });

  test('a line break that would reach the unit through a value that is worked out', async () => {
    const members = [
      file('exports/config.json', '{}'),
      file('exports/service.template', '[Service]\nPIDFile=$PIDFILE\n'),
    ];
    const userValues = { RUN_DIRECTORY: '/run\nExecStartPre=/bin/evil' };
    await expect(renderOf(members, { userValues })).rejects.toThrow(
      'the value of RUN_DIRECTORY has a line break',
    );
  });
});

test('a unit whose container would not be heard is changed, with a warning', async () => {
  const service = '[Service]\nType=notify\nNotifyAccess=all\nExecStart=$EXEC_START\n';
  const { unit, warnings } = render(
    inputs(
      await makeImage('example/test', [
        await makeLayer([file('exports/config.json', '{}'), file('exports/service.template', service)]),
      ]),
    ),
  );
  expect(unit).toContain('NotifyAccess=main\n');
  expect(warnings).toEqual([expect.stringContaining('/test.0/test.service: NotifyAccess is now main')]);
});

test('config.json wins over its template, and is not expanded', async () => {
  const plain = JSON.stringify({ root: ROOT, x: '$NOT_EXPANDED' });
  const layer = await makeLayer([
    file('exports/config.json', plain),
    file('exports/config.json.template', '{'),
  ]);
  expect(render(inputs(await makeImage('example/both', [layer]))).config).toBe(plain);
});

test('the exports of an upper layer win', async () => {
  const layers = await Promise.all([
    makeLayer([file('exports/config.json', '{}'), file('exports/service.template', 'below')]),
    makeLayer([file('exports/service.template', 'above')]),
    makeLayer([file('exports/.wh.config.json', '')]),
  ]);
  const rendered = render(inputs(await makeImage('example/layers', layers), { spec: undefined }));
  expect([rendered.unit, rendered.config]).toEqual(['above', '{}']);
});

describe('bind sources', () => {
  const image = async (...more: Member[]) => {
    const mounts = ['/var/lib/one', '/var/lib/two', '/run/three'].map((source) => ({ type: 'bind', source }));
    return makeImage('example/binds', [
      await makeLayer([file('exports/config.json', JSON.stringify({ root: ROOT, mounts })), ...more]),
    ]);
  };

  test('that are missing are made by tmpfiles, and noted as state unless they are in memory', async () => {
    const result = decided(await image(), {}, { ...HOST, '/var/lib/two': 'directory' });
    expect(result.tmpfiles).toBe('d    /var/lib/one   0700 0 0 - -\nd    /run/three   0700 0 0 - -\n');
    expect(result.stateDirectories).toEqual(['/var/lib/one']);
  });

  test('that the image brings itself are not', async () => {
    const own = [directory('exports/hostfs/var/lib/one/'), file('exports/hostfs/var/lib/two', 'a file')];
    expect(decided(await image(...own), {}, HOST).tmpfiles).toBe('d    /run/three   0700 0 0 - -\n');
  });

  test('are not looked at when the image has its own tmpfiles, even empty ones', async () => {
    expect(decided(await image(file('exports/tmpfiles.template', '')), {}, HOST).tmpfiles).toBe('');
  });

  test('folders that tmpfiles make on the way are state as well', async () => {
    const own = file('exports/tmpfiles.template', 'd /srv/a/b 0700\n');
    expect(decided(await image(own), {}, HOST).stateDirectories).toEqual(['/srv', '/srv/a', '/srv/a/b']);
  });
});

describe('what is in the way', () => {
  const image = async (...members: Member[]) => makeImage('example/way', [await makeLayer(members)]);

  test.each(['/etc/systemd/system/test.service', '/etc/tmpfiles.d/test.conf'])('%s', async (place) => {
    const own = await image(file('exports/config.json', '{}'));
    expect(() => decided(own, {}, { ...HOST, [place]: 'file' })).toThrow(`The file ${place} already exists.`);
  });

  test.each(['/lib/systemd/system/test.service', '/usr/local/lib/systemd/system/test.service'])(
    "a service of the machine's that the container's would hide: %s",
    async (place) => {
      const own = await image(file('exports/config.json', '{}'));
      expect(() => decided(own, {}, { ...HOST, [place]: 'file' })).toThrow(
        `the machine has a service test already: ${place}`,
      );
      const without = await image(file('exports/manifest.json', '{"noContainerService": true}'));
      expect(decided(without, {}, { ...HOST, [place]: 'file' }).unit).toBeUndefined();
    },
  );

  test("another's unit in place of one that the image wants started", async () => {
    const own = await image(
      file('exports/hostfs/etc/systemd/system/x.service', ''),
      file('exports/manifest.json', '{"noContainerService": true, "units": ["x.service"]}'),
    );
    expect(() => decided(own, {}, { ...HOST, '/etc/systemd/system/x.service': 'file' })).toThrow(
      'the machine has a unit x.service already',
    );
    expect(decided(own, {}, HOST).units).toEqual(['/etc/systemd/system/x.service']);
  });

  test('a file of another is named and not tracked', async () => {
    const own = await image(file('exports/hostfs/opt/a', ''), file('exports/hostfs/opt/b', ''));
    const result = decided(own, {}, { ...HOST, '/opt/a': 'link' });
    expect(result.existing).toEqual(['/opt/a']);
    expect(Object.keys(JSON.parse(result.info)['installed-files-checksum'])).toEqual(['/opt/b']);
  });
});

test('folders for the unit and tmpfiles are made and tracked where they are missing', async () => {
  const own = await makeImage('example/bare', [await makeLayer([file('exports/config.json', '{}')])]);
  expect(decided(own, {}, { '/etc': 'directory' }).hostFiles.map(({ path }) => path)).toEqual([
    '/etc/systemd',
    '/etc/systemd/system',
  ]);
});
