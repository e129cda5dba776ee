#!/bin/sh
# The questions that every run asks. Prints lines `KEY VALUE`; a key may come several times. $1 is the host
# name of the endpoint, empty to leave that question out; the rest are places and lists of words in the order
# below.
set -eu
. ./lib/facts.sh
endpoint=$1 required_tools=$2 may_be_read_only=$3 disk_places=$4 sysctls=$5 paths_of_interest=$6
cluster_paths=$7 units_of_interest=$8 modules=$9
shift 9
pki=$1 kubelet_certificate=$2 admin_conf=$3 ca_certificate=$4 run_dir=$5 ledger=$6
blobs_dir=$7 containerd_blobs=$8 layer_store=$9
set +e
say_clock
say machine "$(uname -m)"
say kernel "$(uname -r)"
say hostname "$(cat /proc/sys/kernel/hostname)"
(
  # shellcheck source=/dev/null
  . /etc/os-release 2> /dev/null
  say os "$PRETTY_NAME"
)
[ -d /run/systemd/system ] && say systemd yes
for tool in $required_tools; do command -v "$tool" > /dev/null 2>&1 || say missing "$tool"; done
say cpus "$(nproc)"
say memory "$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)"
sed -n '2,$s/[[:space:]].*//p' /proc/swaps 2> /dev/null | while read -r device; do say swap "$device"; done
say machine-id "$(cat /etc/machine-id 2> /dev/null)"
if [ "$(stat -fc %T /sys/fs/cgroup 2> /dev/null)" = cgroup2fs ]; then say cgroup v2; else say cgroup v1; fi
say capbnd "$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)"
# shellcheck disable=SC3045 # dash and busybox have -H
say nofile "$(ulimit -Hn)"
ip -o addr show scope global 2> /dev/null | awk '{ print "address", $2, $4 }'
ip -o -4 route show default 2> /dev/null | head -n 1 | grep -q . &&
  say default-source "$(ip -o -4 route get 198.51.100.1 2> /dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')"
[ -n "${SSH_CONNECTION-}" ] && say ssh-address "$(echo "$SSH_CONNECTION" | cut -d' ' -f3)"
# Some routes have a type in front of their destination, and no device.
ip -o -4 route show 2> /dev/null | sed -E 's/^(unicast|local|broadcast|multicast|throw|unreachable|prohibit|blackhole|nat) //' |
  awk '$1 != "default" { dev = ""; for (i = 2; i < NF; i++) if ($i == "dev") dev = $(i + 1); print "route", $1, dev }'
ip -o link show 2> /dev/null | awk '{ sub(/[@:].*/, "", $2); print "link", $2 }'
ss -Hltnp 2> /dev/null | awk '{ n = split($4, a, ":"); p = $6; gsub(/^users:\(\("|".*$/, "", p); print "listen", a[n], p }'
# An old shell's test says of root that it may write anywhere, and of an immutable directory only test knows.
read_only() {
  place=$1
  until [ -e "$place" ]; do
    place=${place%/*}
    place=${place:-/}
  done
  [ -w "$place" ] || return 0
  findmnt -nro OPTIONS -T "$place" 2> /dev/null | tail -n 1 | grep -qE '^([^ ]*,)?ro(,|$)'
}
for place in $may_be_read_only; do read_only "$place" && say read-only "$place"; done
say free "$(df -Pk /var/lib 2> /dev/null | awk 'NR == 2 { print $4 }')"
for place in $disk_places; do
  there=$place
  until [ -d "$there" ]; do
    there=${there%/*}
    there=${there:-/}
  done
  say disk "$place $(df -Pk "$there" 2> /dev/null | awk 'NR == 2 { print $4, $6 }')"
done
conntrack_max=/proc/sys/net/netfilter/nf_conntrack_max
# The module is not loaded yet on a machine of its own; a container cannot know.
if [ -e $conntrack_max ]; then [ -w $conntrack_max ]; else ! systemd-detect-virt --quiet --container; fi &&
  say conntrack-writable yes
for key in $sysctls; do
  file=/proc/sys/$(echo "$key" | sed 'y/./\//')
  [ -r "$file" ] && say sysctl "$key $(tr '\t' ' ' < "$file")"
done
[ -e /run/systemd/resolve/resolv.conf ] && say resolved yes
[ -n "$endpoint" ] && say endpoint "$(getent ahostsv4 "$endpoint" 2> /dev/null | awk 'NR == 1 { print $1 }')"
[ -r "$admin_conf" ] && say api-server "$(sed -n 's|^ *server: https://||p' "$admin_conf" | head -n 1)"
say_certificates "$pki" "$kubelet_certificate"
for entry in /* /.[!.]*; do
  [ -d "$entry" ] || continue
  if [ -L "$entry" ]; then case $(readlink -f "$entry") in / | /usr | /usr/* | /proc/*) continue ;; esac fi
  say top "${entry#/}"
done
for path in $paths_of_interest; do [ -e "$path" ] && say present "$path"; done
for path in $cluster_paths; do
  [ -d "$path" ] && [ -z "$(find -H "$path" -mindepth 1 -maxdepth 1 ! -name lost+found)" ] && say empty "$path"
done
[ -d "$run_dir" ] && find "$run_dir" -mindepth 1 -maxdepth 1 ! -name 'lock*' -printf 'run-file %f\n'
for unit in $units_of_interest; do systemctl is-active --quiet "$unit" && say active "$unit"; done
[ -e "$ledger" ] && say ledger "$(tr -d '\n' < "$ledger")"
[ -e "$ca_certificate" ] && say ca "$(sha256sum < "$ca_certificate" | cut -d' ' -f1)"
[ -d "$blobs_dir" ] && find "$blobs_dir" -mindepth 1 -type f -printf 'staged %f %s\n'
[ -d "$containerd_blobs" ] && find "$containerd_blobs" -mindepth 1 -maxdepth 1 -printf 'content %f\n'
[ -S /run/containerd/containerd.sock ] && command -v ctr > /dev/null &&
  ctr -n k8s.io images ls 2> /dev/null | awk 'NR > 1 { print "image", $1, $3 }'
loaded=" $(awk '{ printf "%s ", $1 }' /proc/modules 2> /dev/null)"
built_in=" $(awk -F/ '{ sub(/[.]ko.*/, "", $NF); printf "%s ", $NF }' "/lib/modules/$(uname -r)/modules.builtin" 2> /dev/null)"
is_built_in() {
  case $1 in
    overlay) grep -qw overlay /proc/filesystems ;;
    br_netfilter) [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] ;;
    *) case $built_in in *" $1 "*) ;; *) return 1 ;; esac ;;
  esac
}
for module in $modules; do
  case $loaded in
    *" $module "*) say module "$module loaded" ;;
    *) if is_built_in "$module"; then say module "$module builtin"; else say module "$module absent"; fi ;;
  esac
done
[ -d "$layer_store" ] && find "$layer_store" -mindepth 1 -maxdepth 1 ! -name '.*' -printf 'layer %f\n'
exit 0
