import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IMAGES_DIR } from '../../src/bundle/build/release.ts';
import { listTree } from '../../src/bundle/build/tree.ts';
import { canBeEnabled } from '../../src/system-container/deployment/unit.ts';
import { variablesOf } from '../../src/system-container/image/template.ts';
import { bindSources, parseConfig } from '../../src/system-container/runtime-spec/config-json.ts';
import { configOf, expanded, manifestOf, readOfImage, valuesOf } from '../helpers/image-exports.ts';

const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const SEVEN = ['etcd', 'kubelet', ...CONTROL_PLANE, 'kube-proxy', 'flannel'];

describe.each(SEVEN)('%s', (image) => {
  it('has a configuration that the format allows, with its defaults alone', async () => {
    const config = await configOf(image);
    expect(config).toMatchObject({ root: { path: 'rootfs', readonly: true }, process: { terminal: false } });
  });

  it('runs in the foreground under a unit that starts at boot and again after a failure', async () => {
    const unit = await expanded(image, 'service.template');
    expect(unit).toContain(`ExecStart=/usr/local/bin/runc --systemd-cgroup run '${image}'\n`);
    expect(unit).toContain(`ExecStop=/usr/local/bin/runc --systemd-cgroup kill '${image}'\n`);
    expect(unit).toContain(`WorkingDirectory=/var/lib/containers/atomic/${image}.0\n`);
    expect(unit).toMatch(/^Restart=always\nRestartSec=1$/m);
    expect(canBeEnabled(unit)).toBe(true);
  });
});

describe.each(['etcd', 'kubelet'])('%s', (image) => {
  it('makes its state folder, for root only', async () => {
    expect(await expanded(image, 'tmpfiles.template')).toBe(`d /var/lib/${image} 0700 0 0 - -\n`);
  });

  it('links its tools into the active deployment, and nothing else, on the host', async () => {
    const hostfs = join(IMAGES_DIR, image, 'exports', 'hostfs');
    const entries = (await listTree(hostfs)).filter(({ kind }) => kind !== 'directory');
    expect(entries.map(({ kind }) => kind)).toEqual(entries.map(() => 'link'));
    expect(entries.map(({ path }) => path)).toEqual(
      (image === 'etcd' ? ['etcdctl', 'etcdutl'] : ['kubeadm', 'kubectl', 'kubelet']).map(
        (name) => `usr/local/bin/${name}`,
      ),
    );
  });
});

it.each(['node-runtime', ...SEVEN])('%s has a question after its health', async (image) => {
  expect((await manifestOf(image)).healthCheck).not.toEqual([]);
});

it.each(['node-runtime', ...SEVEN])(
  '%s says in its labels how it runs as an ordinary container',
  async (image) => {
    const containerfile = await readOfImage(image, 'Containerfile');
    for (const label of ['atomic.type=system', 'Name=', 'Version=$VERSION', 'INSTALL="', 'UNINSTALL="'])
      expect(containerfile).toContain(` ${label}`);
    expect(containerfile).toMatch(/ RUN="podman run --detach --name NAME .* IMAGE" /);
  },
);

it.each(['node-runtime', ...SEVEN])(
  '%s presets every variable that it does not get from the engine',
  async (image) => {
    const known = await valuesOf(image);
    const files = (await listTree(join(IMAGES_DIR, image, 'exports'))).map(({ path }) => path);
    const hostFiles = (await manifestOf(image)).installedFilesTemplate.map((path) => join('hostfs', path));
    const templates = [...files.filter((path) => path.endsWith('.template')), ...hostFiles];
    const texts = await Promise.all(templates.map((path) => readOfImage(image, 'exports', path)));
    texts.push(...(await manifestOf(image)).healthCheck);
    for (const text of texts) for (const name of variablesOf(text)) expect([...known.keys()]).toContain(name);
  },
);

it('gives etcd no capability and nothing to write to but its data', async () => {
  const config = parseConfig(await expanded('etcd', 'config.json.template'), 'etcd');
  expect(config).toMatchObject({
    process: {
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
    },
  });
  const mounts = config.mounts as unknown as readonly {
    destination: string;
    options: string[];
    type: string;
  }[];
  const writable = mounts.filter(({ type, options }) => type === 'bind' && !options.includes('ro'));
  expect(writable.map(({ destination }) => destination)).toEqual(['/var/lib/etcd']);
});

it('passes every ETCD_ setting of the manifest to etcd, and only those', async () => {
  const { env } = ((await configOf('etcd'))['process'] ?? {}) as { env: string[] };
  for (const [name, value] of Object.entries((await manifestOf('etcd')).defaultValues)) {
    if (name.startsWith('ETCD_')) expect(env).toContain(`${name}=${value}`);
  }
  expect(env).toContain('ETCD_CLIENT_CERT_AUTH=true');
  expect(env).toContain('ETCD_PEER_CLIENT_CERT_AUTH=true');
});

it('shows the kubelet the host, shares its mounts with it, and mounts its own folder last', async () => {
  const one = { type: 'bind', source: '/etc', destination: '/etc', options: ['rbind', 'rslave'] };
  const config = await configOf('kubelet', { HOST_MOUNTS: `,${JSON.stringify(one)}` });
  expect(config).toMatchObject({
    linux: { namespaces: [{ type: 'mount' }], rootfsPropagation: 'shared' },
    mounts: [
      { destination: '/proc' },
      one,
      { source: '/var/lib/kubelet', destination: '/var/lib/kubelet', options: ['rbind', 'rshared'] },
    ],
    process: {
      capabilities: { bounding: ['CAP_CHOWN', 'CAP_SYS_ADMIN'], effective: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] },
    },
  });
  expect(bindSources(parseConfig(JSON.stringify(config), 'kubelet'))).toEqual(['/etc', '/var/lib/kubelet']);
});

it('never lets systemd give up on the kubelet, which fails until kubeadm has configured it', async () => {
  expect(await expanded('kubelet', 'service.template')).toMatch(
    /^\[Unit\]\n(.+\n)*StartLimitIntervalSec=0\n/,
  );
});

describe('node-runtime', () => {
  it('delivers files only, and names its unit and its templates as they stand in hostfs', async () => {
    const manifest = await manifestOf('node-runtime');
    expect(manifest).toMatchObject({ noContainerService: true, units: ['containerd.service'] });
    for (const path of [...manifest.installedFilesTemplate, `/etc/systemd/system/${manifest.units[0]}`]) {
      expect(existsSync(join(IMAGES_DIR, 'node-runtime', 'exports', 'hostfs', path))).toBe(true);
    }
  });

  it('tells containerd the pause image and what the machine cannot do', async () => {
    const config = await expanded('node-runtime', 'hostfs/etc/containerd/config.toml', {
      RESTRICT_OOM_SCORE_ADJ: 'true',
    });
    expect(config).toContain('version = 3\n');
    expect(config).toContain('sandbox = "registry.k8s.io/pause:3.10.2"\n');
    expect(config).toContain('restrict_oom_score_adj = true\n');
    expect(config).toContain('tolerate_missing_hugetlb_controller = true\n');
    expect(config).toContain('SystemdCgroup = true\n');
  });

  it('keeps pods running when containerd is restarted', async () => {
    const unit = await expanded('node-runtime', 'hostfs/etc/systemd/system/containerd.service');
    expect(unit).toMatch(/^KillMode=process$/m);
    expect(unit).toMatch(/^Delegate=yes$/m);
    expect(unit).toMatch(/^Type=notify$/m);
  });

  it('runs from where its programs were put', async () => {
    const user = { BIN_DIRECTORY: '/opt/bin' };
    const unit = await expanded('node-runtime', 'hostfs/etc/systemd/system/containerd.service', user);
    expect(unit).toContain('ExecStart=/opt/bin/containerd\n');
    expect(unit).toContain('PATH=/opt/bin:');
    const config = await expanded('node-runtime', 'hostfs/etc/containerd/config.toml', user);
    expect(config).toContain('BinaryName = "/opt/bin/runc"\n');
  });
});
