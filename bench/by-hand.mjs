import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { MASTER, pipeTo, ssh } from './lab.mjs';

const run = promisify(execFile);

/** kubeadm's etcd image for this release; by hand, etcd is kubeadm's static pod. */
const ETCD_IMAGE = 'registry.k8s.io/etcd:3.7.0-0';

const KUBELET_UNIT = `[Unit]
After=containerd.service
StartLimitIntervalSec=0
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
`;

const CONFIG = (address) => `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{ token: abcdef.0123456789abcdef, ttl: 15m0s }]
localAPIEndpoint: { advertiseAddress: ${address} }
nodeRegistration: { imagePullPolicy: Never, ignorePreflightErrors: [SystemVerification], criSocket: "unix:///run/containerd/containerd.sock" }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
controlPlaneEndpoint: ${MASTER}:6443
networking: { podSubnet: 10.244.0.0/16 }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: { maxPerCore: 0 }
`;

const JOIN = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery: { bootstrapToken: { token: abcdef.0123456789abcdef, apiServerEndpoint: "${MASTER}:6443", unsafeSkipCAVerification: true } }
nodeRegistration: { imagePullPolicy: Never, ignorePreflightErrors: [SystemVerification], criSocket: "unix:///run/containerd/containerd.sock" }
`;

async function unpackLayers(bundle, name, into) {
  const image = bundle.lock.images.find((candidate) => candidate.name.startsWith(name));
  await mkdir(into, { recursive: true });
  for (const { digest } of image.layers) await run('tar', ['-xzf', bundle.blobPath(digest), '-C', into]);
}

/** An archive of images as `ctr images import` takes it: uncompressed in its layout, gzip in its layers, as upstream's. */
async function imageArchive(bundle, work, names) {
  const layout = join(work, 'layout');
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  const images = names.map(([name, source]) => [
    name,
    bundle.lock.images.find((image) => image.name === source),
  ]);
  const blobs = images.flatMap(([, { manifest, config, layers }]) => [manifest, config, ...layers]);
  for (const { digest } of blobs) {
    await cp(bundle.blobPath(digest), join(layout, 'blobs/sha256', digest.slice(7)));
  }
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = images.map(([name, { manifest }]) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...manifest,
    annotations: { 'io.containerd.image.name': name },
  }));
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return layout;
}

/** flannel's manifest as released, but for the CNI version, which the bundle's plugin does not speak. */
async function flannelAsReleased(bundle) {
  const documents = parseAllDocuments(await bundle.readManifest('flannel')).map((document) =>
    document.toJS(),
  );
  for (const { kind, data } of documents) {
    if (kind === 'ConfigMap')
      data['cni-conf.json'] = data['cni-conf.json'].replace(/"cniVersion": "[^"]*"/, '"cniVersion": "0.4.0"');
  }
  return documents.map((document) => stringify(document)).join('---\n');
}

/** What somebody has at hand before the clock starts: the files of the bundle, unpacked as by-hand needs them. */
export async function prepareByHand(bundle, work) {
  const files = join(work, 'files');
  await unpackLayers(bundle, 'kboot/node-runtime:', join(work, 'runtime'));
  await unpackLayers(bundle, 'kboot/kubelet:', join(work, 'kubelet'));
  const hostfs = join(work, 'runtime/exports/hostfs');
  await mkdir(join(files, 'etc/systemd/system'), { recursive: true });
  for (const part of ['usr', 'opt'])
    await cp(join(hostfs, part), join(files, part), { recursive: true, verbatimSymlinks: true });
  await mkdir(join(files, 'etc/containerd'), { recursive: true });
  const template = await readFile(join(hostfs, 'etc/containerd/config.toml'), 'utf8');
  const pause = bundle.lock.images.find(({ name }) => name.includes('/pause:')).name;
  const config = template
    .replace('$PAUSE_IMAGE', pause)
    .replace('$RESTRICT_OOM_SCORE_ADJ', 'true')
    .replace('$TOLERATE_MISSING_HUGETLB', 'true')
    .replace('$BIN_DIRECTORY', '/usr/local/bin');
  await writeFile(join(files, 'etc/containerd/config.toml'), config);
  const unit = await readFile(join(hostfs, 'etc/systemd/system/containerd.service'), 'utf8');
  await writeFile(
    join(files, 'etc/systemd/system/containerd.service'),
    unit.replaceAll('$BIN_DIRECTORY', '/usr/local/bin'),
  );
  await writeFile(join(files, 'etc/systemd/system/kubelet.service'), KUBELET_UNIT);
  await mkdir(join(files, 'usr/bin'), { recursive: true });
  for (const name of ['kubeadm', 'kubelet', 'kubectl']) {
    await cp(join(work, 'kubelet/usr/bin', name), join(files, 'usr/bin', name), { verbatimSymlinks: true });
  }
  const binary = 'usr/local/bin/kubernetes-node';
  await cp(join(work, 'kubelet', binary), join(files, binary));
  const etcd = bundle.lock.images.find(({ name }) => name.startsWith('kboot/etcd:')).name;
  const podImages = bundle.lock.images.filter(({ kind }) => kind === 'pod').map(({ name }) => [name, name]);
  const images = await imageArchive(bundle, work, [...podImages, [ETCD_IMAGE, etcd]]);
  await writeFile(join(work, 'flannel.yaml'), await flannelAsReleased(bundle));
  return { files, images, flannel: join(work, 'flannel.yaml') };
}

async function copyAndImport(bench, machine, { files, images }) {
  await pipeTo(
    bench,
    machine,
    `tar -C '${files}' -cf - .`,
    'tar -C / --no-same-owner --no-overwrite-dir -xf -',
  );
  await ssh(
    bench,
    machine,
    'echo 1 > /proc/sys/net/ipv4/ip_forward; systemctl daemon-reload && systemctl enable -q --now containerd && systemctl enable -q kubelet',
  );
  await pipeTo(bench, machine, `tar -C '${images}' -cf - .`, 'cat > /var/lib/images.tar');
  await ssh(
    bench,
    machine,
    'ctr -n k8s.io images import --all-platforms /var/lib/images.tar >/dev/null && rm /var/lib/images.tar',
  );
}

const KUBECTL = 'kubectl --kubeconfig /etc/kubernetes/admin.conf';

/** A control plane by hand: everything copied, imported, kubeadm init, flannel, wait for CoreDNS. */
export async function initByHand(bench, prepared) {
  await copyAndImport(bench, MASTER, prepared);
  const address = bench.lab.machines.find(({ name }) => name === MASTER).address;
  await writeFile(join(bench.folder, 'init.yaml'), CONFIG(address));
  await pipeTo(
    bench,
    MASTER,
    `cat '${bench.folder}/init.yaml'`,
    'cat > /root/init.yaml && kubeadm init --config /root/init.yaml',
  );
  await pipeTo(bench, MASTER, `cat '${prepared.flannel}'`, `${KUBECTL} apply -f -`);
  await ssh(bench, MASTER, `${KUBECTL} wait --for=condition=Ready node/${MASTER} --timeout=300s`);
  await ssh(
    bench,
    MASTER,
    `${KUBECTL} -n kube-system wait --for=condition=Available deployment/coredns --timeout=300s`,
  );
}

/** A node by hand. The token is the one of the configuration above, for machines that live for minutes. */
export async function joinByHand(bench, prepared, node) {
  await copyAndImport(bench, node, prepared);
  await writeFile(join(bench.folder, 'join.yaml'), JOIN);
  await pipeTo(
    bench,
    node,
    `cat '${bench.folder}/join.yaml'`,
    'cat > /root/join.yaml && kubeadm join --config /root/join.yaml',
  );
}

/** Takes the unpacked files away. */
export const dropPrepared = (work) => rm(work, { recursive: true, force: true });
