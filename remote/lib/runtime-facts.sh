#!/bin/sh
# What decides whether the runtime $1 takes a configuration: prints lines `fact TAB KEY TAB VALUE`. Needs list-deployments.sh.

# The blanks of a value become one each.
# shellcheck disable=SC2086,SC2116
fact() { printf 'fact\t%s\t%s\n' "$1" "$(echo $2)"; }
spec_facts() {
  groups=/sys/fs/cgroup
  if [ -f $groups/cgroup.controllers ]; then
    fact cgroup 2
    fact controllers "$(cat $groups/cgroup.controllers)"
    limits=$(ls -d $groups/*/memory.swap.max $groups/*/io.weight $groups/*/io.bfq.weight 2> /dev/null || true)
  else
    fact cgroup 1
    fact controllers "$(awk '{ for (i = 7; i < NF; i++) if ($i == "-") { if ($(i + 1) == "cgroup") print $(i + 3); break } }' /proc/self/mountinfo | tr , ' ')"
    limits=$(ls -d $groups/memory/memory.memsw.limit_in_bytes $groups/blkio/*/blkio.weight $groups/blkio/*/blkio.bfq.weight 2> /dev/null || true)
  fi
  case $limits in *swap* | *memsw*) fact swap yes ;; *) fact swap no ;; esac
  case $limits in *weight*) fact weight yes ;; *) fact weight no ;; esac
  if [ -e /sys/fs/selinux/enforce ]; then fact selinux yes; else fact selinux no; fi
  if [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" = Y ]; then fact apparmor yes; else fact apparmor no; fi
  if [ -r /sys/kernel/security/apparmor/profiles ]; then
    printf 'fact\tprofiles\t%s\n' "$(base64 -w 0 /sys/kernel/security/apparmor/profiles)"
  fi
  fact namespaces "$(ls /proc/self/ns)"
  fact limits "$(base64 -w 0 /proc/1/limits)"
  fact open-files "$(cat /proc/sys/fs/nr_open)"
  fact oom "$(cat /proc/1/oom_score_adj)"
  fact huge-pages "$(ls /sys/kernel/mm/hugepages 2> /dev/null)"
  fact block "$(ls /sys/dev/block)"
  if [ -e /sys/fs/resctrl/schemata ]; then fact resctrl yes; else fact resctrl no; fi
  fact features "$("$1" features 2> /dev/null | base64 -w 0)"
}
