import { COMPONENTS } from '../cluster/components.ts';
import {
  ADMIN_CONF,
  BLOBS_DIR,
  CA_CERTIFICATE,
  CLUSTER_PATHS,
  CONTAINERD_BLOBS,
  DISK_PLACES,
  INITIALISED,
  JOINED,
  KUBELET_CERTIFICATE,
  KUBELET_CONF,
  LAYER_STORE,
  LEDGER,
  PKI,
  RUN_DIR,
  SHARED_DIRS,
  TABLES_BEFORE,
} from '../cluster/paths.ts';
import { MAY_BE_READ_ONLY } from '../system-container/index.ts';
import { BRIDGE_MODULES, CONNTRACK_MODULES } from './kernel-modules.ts';

/** Commands a machine must have: what design decision 1 lists, by one or two programs of each package. */
export const REQUIRED_TOOLS = [
  ...['systemctl', 'systemd-run', 'systemd-tmpfiles', 'tar', 'gzip', 'sha256sum', 'install', 'chroot', 'tee'],
  ...['mount', 'umount', 'losetup', 'findmnt', 'flock', 'find', 'grep', 'sed', 'awk', 'ip', 'ss'],
] as const;

/** Paths whose existence decides something. */
export const PATHS_OF_INTEREST = [
  ...[ADMIN_CONF, KUBELET_CONF, CA_CERTIFICATE, INITIALISED, JOINED, TABLES_BEFORE],
  ...CLUSTER_PATHS,
  ...SHARED_DIRS,
  '/etc/kubernetes/manifests/kube-apiserver.yaml',
  '/usr/lib/os-release',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
  '/run/docker.sock',
  '/run/crio/crio.sock',
] as const;

export const UNITS_OF_INTEREST = [
  ...Object.values(COMPONENTS).map(({ unit }) => unit),
  ...['docker', 'crio', 'k3s', 'k0scontroller', 'rke2-server', 'firewalld'].map((name) => `${name}.service`),
];

/** Kernel settings which the kubelet, kube-proxy, flannel or kboot may change. */
export const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.route_localnet',
  'net.ipv4.conf.default.forwarding',
  'net.ipv4.conf.all.forwarding',
  'net.ipv6.conf.all.forwarding',
  'net.ipv6.conf.default.forwarding',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_tcp_timeout_established',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
  'vm.overcommit_memory',
  'vm.panic_on_oom',
  'kernel.panic',
  'kernel.panic_on_oops',
  'kernel.keys.root_maxkeys',
  'kernel.keys.root_maxbytes',
] as const;

const words = (list: readonly string[]): string => list.join(' ');

/** Public parts only: what stands between the lines of a certificate, or as a kubeconfig's certificate. */
const CERTIFICATES = `for file in ${PKI}/*.crt ${PKI}/etcd/*.crt ${KUBELET_CERTIFICATE}; do
  [ -r "$file" ] && say certificate "$file $(sed -n '/^-*BEGIN CERTIFICATE-*$/,/^-*END CERTIFICATE-*$/p' "$file" | base64 -w0)"
done
for file in /etc/kubernetes/*.conf; do
  [ -r "$file" ] || continue
  sed -n "s|^ *client-certificate-data: *|certificate $file |p" "$file"
done
`;

const CLOCK = `
set +e
say() { printf '%s %s\\n' "$1" "$2"; }
say clock "$(date +%s%N)"
`;

/** Only the clock and the certificates, for verbs that ask for no other fact; parseFacts() reads it too. */
export const CERTIFICATES_SCRIPT = `${CLOCK}${CERTIFICATES}exit 0
`;

/**
 * The questions, as one script for /bin/sh. It prints lines `key value`; a key may come several times. $1 is
 * the endpoint's host name, empty to leave that question out. It fails at nothing: what cannot be found out is
 * left out.
 */
export const FACTS_SCRIPT = `${CLOCK}say machine "$(uname -m)"
say kernel "$(uname -r)"
say hostname "$(cat /proc/sys/kernel/hostname)"
( . /etc/os-release 2>/dev/null; say os "$PRETTY_NAME" )
[ -d /run/systemd/system ] && say systemd yes
for tool in ${words(REQUIRED_TOOLS)}; do command -v "$tool" >/dev/null 2>&1 || say missing "$tool"; done
say cpus "$(nproc)"
say memory "$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo)"
sed -n '2,$s/[[:space:]].*//p' /proc/swaps 2>/dev/null | while read -r device; do say swap "$device"; done
say machine-id "$(cat /etc/machine-id 2>/dev/null)"
[ "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)" = cgroup2fs ] && say cgroup v2 || say cgroup v1
say capbnd "$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)"
say nofile "$(ulimit -Hn)"
ip -o addr show scope global 2>/dev/null | awk '{ print "address", $2, $4 }'
ip -o -4 route show default 2>/dev/null | head -n 1 | grep -q . &&
  say default-source "$(ip -o -4 route get 198.51.100.1 2>/dev/null | sed -n 's/.* src \\([0-9.]*\\).*/\\1/p')"
[ -n "\${SSH_CONNECTION-}" ] && say ssh-address "$(echo "$SSH_CONNECTION" | cut -d' ' -f3)"
# Some routes have a type in front of their destination, and no device.
ip -o -4 route show 2>/dev/null | sed -E 's/^(unicast|local|broadcast|multicast|throw|unreachable|prohibit|blackhole|nat) //' |
  awk '$1 != "default" { dev = ""; for (i = 2; i < NF; i++) if ($i == "dev") dev = $(i + 1); print "route", $1, dev }'
ip -o link show 2>/dev/null | awk '{ sub(/[@:].*/, "", $2); print "link", $2 }'
ss -Hltnp 2>/dev/null | awk '{ n = split($4, a, ":"); p = $6; gsub(/^users:\\(\\("|".*$/, "", p); print "listen", a[n], p }'
# An old shell's test says of root that it may write anywhere, and of an immutable directory only test knows.
read_only() {
  place=$1
  until [ -e "$place" ]; do place=\${place%/*}; place=\${place:-/}; done
  [ -w "$place" ] || return 0
  findmnt -nro OPTIONS -T "$place" 2>/dev/null | tail -n 1 | grep -qE '^([^ ]*,)?ro(,|$)'
}
for place in ${words(MAY_BE_READ_ONLY)}; do read_only "$place" && say read-only "$place"; done
say free "$(df -Pk /var/lib 2>/dev/null | awk 'NR == 2 { print $4 }')"
for place in ${words(DISK_PLACES)}; do
  there=$place
  until [ -d "$there" ]; do there=\${there%/*}; there=\${there:-/}; done
  say disk "$place $(df -Pk "$there" 2>/dev/null | awk 'NR == 2 { print $4, $6 }')"
done
conntrack_max=/proc/sys/net/netfilter/nf_conntrack_max
# The module is not loaded yet on a machine of its own; a container cannot know.
if [ -e $conntrack_max ]; then [ -w $conntrack_max ]; else ! systemd-detect-virt --quiet --container; fi &&
  say conntrack-writable yes
for key in ${words(SYSCTLS)}; do
  file=/proc/sys/$(echo "$key" | sed 'y/./\\//')
  [ -r "$file" ] && say sysctl "$key $(tr '\\t' ' ' < "$file")"
done
[ -e /run/systemd/resolve/resolv.conf ] && say resolved yes
[ -n "$1" ] && say endpoint "$(getent ahostsv4 "$1" 2>/dev/null | awk 'NR == 1 { print $1 }')"
[ -r ${ADMIN_CONF} ] && say api-server "$(sed -n 's|^ *server: https://||p' ${ADMIN_CONF} | head -n 1)"
${CERTIFICATES}for entry in /* /.[!.]*; do
  [ -d "$entry" ] || continue
  if [ -L "$entry" ]; then case $(readlink -f "$entry") in / | /usr | /usr/* | /proc/* ) continue ;; esac; fi
  say top "\${entry#/}"
done
for path in ${words(PATHS_OF_INTEREST)}; do [ -e "$path" ] && say present "$path"; done
for path in ${words(CLUSTER_PATHS)}; do
  [ -d "$path" ] && [ -z "$(ls -A "$path" | grep -vx lost+found)" ] && say empty "$path"
done
[ -d ${RUN_DIR} ] && ls ${RUN_DIR} | sed '/^lock/d; s/^/run-file /'
for unit in ${words(UNITS_OF_INTEREST)}; do systemctl is-active --quiet "$unit" && say active "$unit"; done
[ -e ${LEDGER} ] && say ledger "$(tr -d '\\n' < ${LEDGER})"
[ -e ${CA_CERTIFICATE} ] && say ca "$(sha256sum < ${CA_CERTIFICATE} | cut -d' ' -f1)"
[ -d ${BLOBS_DIR} ] && find ${BLOBS_DIR} -mindepth 1 -type f -printf 'staged %f %s\\n'
[ -d ${CONTAINERD_BLOBS} ] && ls ${CONTAINERD_BLOBS} | sed 's/^/content /'
[ -S /run/containerd/containerd.sock ] && command -v ctr >/dev/null &&
  ctr -n k8s.io images ls 2>/dev/null | awk 'NR > 1 { print "image", $1, $3 }'
loaded=" $(awk '{ printf "%s ", $1 }' /proc/modules 2>/dev/null)"
built_in=" $(awk -F/ '{ sub(/[.]ko.*/, "", $NF); printf "%s ", $NF }' "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null)"
is_built_in() { case $built_in in *" $1 "*) ;; *) return 1 ;; esac; }
module() {
  case $loaded in
    *" $1 "*) say module "$1 loaded" ;;
    *) if eval "$2"; then say module "$1 builtin"; else say module "$1 absent"; fi ;;
  esac
}
module overlay 'grep -qw overlay /proc/filesystems'
module br_netfilter '[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]'
for name in ${words([...BRIDGE_MODULES, ...CONNTRACK_MODULES])}; do module $name 'is_built_in $name'; done
[ -d ${LAYER_STORE} ] && ls ${LAYER_STORE} | sed 's/^/layer /'
exit 0
`;
