#!/bin/sh
# Arguments are modules. Unloads them one by one, by rmmod: modprobe would take others along which were there
# before. What is in use, or is needed by a file that loads it at boot, stays, and is printed: `kept TAB
# MODULE TAB WHY`. The kernel counts neither bridges nor who looks at them through br_netfilter, so these stay
# while there is a bridge; nor who listens to connections. A container shares the kernel with others, and
# loads and unloads nothing.
set -eu
if systemd-detect-virt --quiet --container; then exit 0; fi
is_wanted() {
  grep -qsxE "[[:space:]]*$(echo "$1" | sed 's/[-_]/[-_]/g')[[:space:]]*" /etc/modules /etc/modules-load.d/*.conf \
    /run/modules-load.d/*.conf /usr/local/lib/modules-load.d/*.conf /usr/lib/modules-load.d/*.conf
}
for module; do
  grep -qs "^$module " /proc/modules || continue
  why=
  if is_wanted "$module"; then
    why="it is to be loaded at boot"
  elif { [ "$module" = br_netfilter ] || [ "$module" = bridge ]; } && ls -d /sys/class/net/*/bridge > /dev/null 2>&1; then
    why="there are bridges"
  elif [ "$module" = nf_conntrack_netlink ] && grep -qsE '^[0-9a-f]+ +12 +[0-9]+ +0*[1-9a-f]' /proc/net/netlink; then
    why="a program listens to it"
  elif ! command -v rmmod > /dev/null; then
    why="there is no rmmod"
  else
    why=$(rmmod "$module" 2>&1) || why=${why:-"rmmod failed"}
    grep -qs "^$module " /proc/modules || why=
  fi
  if [ -n "$why" ]; then printf 'kept\t%s\t%s\n' "$module" "$(echo "$why" | tail -n 1 | tr '\t' ' ')"; fi
done
