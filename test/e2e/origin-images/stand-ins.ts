import { directory, file, link, type Member } from '../../system-container/make-image.ts';

/** What becomes of an image that is installed with --start. */
export type Outcome = 'up' | 'ran' | 'condition';

/** What stands in for the packages of an image's distribution. */
interface StandIn {
  /** Programs that stay up. */
  readonly programs?: readonly string[];
  /** Others, as shell scripts. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** What goes to the machine: files, and folders with a slash at the end. */
  readonly hostfs?: readonly string[];
  readonly outcome?: Outcome;
}

const STAYS = 'exec /usr/bin/stand-in';
const ENDS = 'exit 0';
const CONTAINERD = `: > /run/containerd.sock\n${STAYS}`;

/** Folder and files of Kubernetes' packages, one of them the program's own. */
const kubernetes = (name: string) => [`etc/kubernetes/config`, `etc/kubernetes/${name}`];

/** By the names of the images. */
export const STAND_INS: Readonly<Record<string, StandIn>> = {
  // Runs the machine's Python on a program of its root filesystem.
  azure: { programs: ['usr/sbin/waagent'] },
  'buildah-fedora': { scripts: { 'usr/bin/buildah': 'echo "buildah $1"' }, outcome: 'ran' },
  'docker-centos': {
    programs: ['usr/bin/dockerd-current'],
    scripts: { 'usr/bin/docker-storage-setup': ENDS, 'usr/bin/docker-containerd-current': CONTAINERD },
  },
  'docker-fedora': {
    programs: ['usr/bin/dockerd-current'],
    scripts: {
      'usr/bin/docker-storage-setup': ENDS,
      'usr/bin/groupadd': ENDS,
      'usr/libexec/docker/docker-containerd-current': CONTAINERD,
    },
  },
  etcd: { programs: ['usr/bin/etcd'], hostfs: ['etc/etcd/etcd.conf', 'usr/local/bin/etcdctl'] },
  flannel: {
    programs: ['usr/bin/systemd-notify'],
    scripts: {
      'usr/bin/flanneld': `: > /run/flannel/subnet.env\n${STAYS}`,
      'usr/libexec/flannel/mk-docker-opts.sh': ENDS,
    },
    hostfs: ['etc/sysconfig/flanneld', 'etc/flanneld/'],
  },
  'hello-world': { programs: ['usr/bin/nc'] },
  kubeadm: {
    programs: ['usr/bin/kubelet'],
    hostfs: [
      ...['usr/local/bin/kubectl', 'usr/local/bin/kubeadm'],
      ...['etc/kubernetes/kubeadm-env', 'etc/kubernetes/pki/', 'etc/cni/'],
    ],
  },
  'kubernetes-apiserver': {
    programs: ['usr/bin/kube-apiserver'],
    hostfs: ['usr/local/bin/kubectl', ...kubernetes('apiserver')],
  },
  'kubernetes-controller-manager': {
    programs: ['usr/bin/kube-controller-manager'],
    hostfs: kubernetes('controller-manager'),
  },
  'kubernetes-kubelet': {
    programs: ['usr/bin/kubelet'],
    hostfs: ['etc/cni/net.d/', ...kubernetes('kubelet')],
  },
  'kubernetes-proxy': { programs: ['usr/bin/kube-proxy'], hostfs: kubernetes('proxy') },
  'kubernetes-scheduler': { programs: ['usr/bin/kube-scheduler'], hostfs: kubernetes('scheduler') },
  'net-snmp': {
    programs: ['usr/sbin/snmpd', 'usr/sbin/snmptrapd'],
    hostfs: [
      ...['etc/sysconfig/snmpd', 'etc/sysconfig/snmptrapd'],
      ...['etc/snmp/snmpd.conf', 'etc/snmp/snmptrapd.conf', 'var/lib/net-snmp/'],
    ],
  },
  // Its unit wants a machine of VMware.
  'open-vm-tools-centos': { programs: ['usr/bin/vmtoolsd'], outcome: 'condition' },
  'ovirt-guest-agent-centos': { programs: ['usr/bin/python'] },
  'ovirt-guest-agent-fedora': { programs: ['usr/bin/python'] },
  'qemu-guest-agent': { programs: ['usr/bin/qemu-ga'] },
};

const script = (path: string, text: string): Member => file(path, `#!/bin/bash\n${text}\n`, 0o755);

/** The members of a layer with what stands in for an image's packages. */
export function standInMembers({ programs = [], scripts = {}, hostfs = [] }: StandIn): readonly Member[] {
  return [
    ...programs.map((path) => link(path, '/usr/bin/stand-in')),
    ...Object.entries(scripts).map(([path, text]) => script(path, text)),
    ...hostfs.map((path) =>
      path.endsWith('/')
        ? directory(`exports/hostfs/${path}`)
        : file(`exports/hostfs/${path}`, '# stand-in\n'),
    ),
  ];
}
