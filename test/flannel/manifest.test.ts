import { expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { flannelManifest } from '../../src/flannel/manifest.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

const OPTIONS = { pods: '10.99.0.0/16', backend: 'host-gw', endpoint: 'master.example.com:6443' } as const;

/** A manifest of flannel's shape, reduced to what is changed and something of everything else. */
const release = (changed: { initContainers?: object[]; containers?: object[] } = {}): string => {
  const cni = { name: 'cni', mountPath: '/etc/cni/net.d' };
  const daemonSet = {
    kind: 'DaemonSet',
    metadata: { name: 'kube-flannel-ds', labels: { app: 'flannel' } },
    spec: {
      selector: { matchLabels: { app: 'flannel' } },
      template: {
        metadata: { labels: { app: 'flannel' } },
        spec: {
          hostNetwork: true,
          initContainers: [{ name: 'install-cni', image: 'example.com/flannel:v1', volumeMounts: [cni] }],
          containers: [
            {
              name: 'kube-flannel',
              image: 'example.com/flannel:v1',
              args: ['--ip-masq', '--kube-subnet-mgr', '--healthz-port=8081'],
              ports: [{ name: 'healthz', containerPort: 8081, protocol: 'TCP' }],
              livenessProbe: { httpGet: { path: '/healthz', port: 'healthz' }, periodSeconds: 30 },
              readinessProbe: { httpGet: { path: '/readyz', port: 'healthz' }, periodSeconds: 10 },
              env: [{ name: 'EVENT_QUEUE_DEPTH', value: '5000' }],
              volumeMounts: [{ name: 'flannel-cfg', mountPath: '/etc/kube-flannel/' }],
            },
          ],
          ...changed,
        },
      },
    },
  };
  const configMap = {
    kind: 'ConfigMap',
    metadata: { name: 'kube-flannel-cfg' },
    data: {
      'cni-conf.json': JSON.stringify({ name: 'cbr0', cniVersion: '1.0.0', plugins: [{ type: 'flannel' }] }),
      'net-conf.json': JSON.stringify({
        Network: '10.244.0.0/16',
        EnableNFTables: false,
        Backend: { Type: 'vxlan' },
      }),
    },
  };
  const namespace = { kind: 'Namespace', metadata: { name: 'kube-flannel' } };
  return [namespace, configMap, daemonSet].map((resource) => stringify(resource)).join('---\n');
};

const resourcesOf = (text: string) => parseAllDocuments(text).map((document) => document.toJS());

it('sets network, backend and the CNI version that the plugin speaks, and keeps the rest', () => {
  const [namespace, configMap] = resourcesOf(flannelManifest(release(), OPTIONS));
  expect(namespace).toEqual({ kind: 'Namespace', metadata: { name: 'kube-flannel' } });
  expect(JSON.parse(configMap.data['net-conf.json'])).toEqual({
    Network: '10.99.0.0/16',
    EnableNFTables: false,
    Backend: { Type: 'host-gw' },
  });
  expect(JSON.parse(configMap.data['cni-conf.json'])).toEqual({
    name: 'cbr0',
    cniVersion: '0.4.0',
    plugins: [{ type: 'flannel' }],
  });
});

it('lets the daemon itself write the conflist, once it has its subnet', () => {
  const daemonSet = resourcesOf(flannelManifest(release(), OPTIONS))[2];
  const { spec } = daemonSet.spec.template;
  expect(spec.initContainers).toBeUndefined();
  expect(spec.hostNetwork).toBe(true);
  const [daemon] = spec.containers;
  const [shell, flag, script] = daemon.lifecycle.postStart.exec.command;
  expect([shell, flag]).toEqual(['sh', '-c']);
  expect(script.indexOf('/run/flannel/subnet.env')).toBeLessThan(script.indexOf('/etc/cni/net.d/'));
  expect(daemon.volumeMounts).toContainEqual({ name: 'cni', mountPath: '/etc/cni/net.d' });
});

it('gives the daemon the address of the node and the endpoint of the API', () => {
  const [daemon] = resourcesOf(flannelManifest(release(), OPTIONS))[2].spec.template.spec.containers;
  expect(daemon.args.slice(0, 2)).toEqual(['--ip-masq', '--kube-subnet-mgr']);
  expect(daemon.args).toContain('--iface=$(HOST_IP)');
  expect(daemon.env).toEqual([
    { name: 'EVENT_QUEUE_DEPTH', value: '5000' },
    { name: 'KUBERNETES_SERVICE_HOST', value: 'master.example.com' },
    { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
    { name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
  ]);
});

it('lets the daemon tell its health to its own machine only, at a port that nobody else wants', () => {
  const [daemon] = resourcesOf(flannelManifest(release(), OPTIONS))[2].spec.template.spec.containers;
  expect(daemon.args.filter((arg: string) => arg.includes('healthz'))).toEqual([
    '--healthz-ip=127.0.0.1',
    '--healthz-port=8472',
  ]);
  expect(daemon.ports).toEqual([]);
  expect(daemon.livenessProbe).toEqual({
    httpGet: { path: '/healthz', host: '127.0.0.1', port: 8472 },
    periodSeconds: 30,
  });
  expect(daemon.readinessProbe.httpGet).toEqual({ path: '/readyz', host: '127.0.0.1', port: 8472 });
});

it.each([
  ['no DaemonSet', stringify({ kind: 'ConfigMap', metadata: { name: 'x' } })],
  ['no container kube-flannel', release({ containers: [] })],
  ['nothing mounts /etc/cni/net.d', release({ initContainers: [] })],
  ['expected object', '- a\n'],
])('says that a manifest has another shape: %s', (what, text) => {
  expect(() => flannelManifest(text, OPTIONS)).toThrow(what);
});

it('changes or refuses whatever a bundle has as its manifest', () =>
  expectRightOrClear(
    [release()],
    (text) => flannelManifest(text, OPTIONS),
    (text) => {
      const configMap = resourcesOf(text).find(({ kind }) => kind === 'ConfigMap');
      expect(JSON.parse(configMap.data['net-conf.json']).Network).toBe(OPTIONS.pods);
    },
  ));
