import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { render } from '../../../src/system-container/deployment/render.ts';
import { directory, file, link, type Member, makeImage, makeLayer } from '../make-image.ts';
import { decided, HOST, inputs, ROOT } from '../rendering.ts';

const GOLDEN = '../../golden/system-container';

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
    const layer = await makeLayer(
      exportsOf(path.join(import.meta.dirname, '../../../images', name, 'exports')),
    );
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
