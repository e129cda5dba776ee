#!/bin/sh
# Answers what an install asks. $1 checkout root, $2 runtime, $3 units, $4 whether a spec is wanted; on
# standard input lines `path TAB PATH` and `file TAB PATH`. Prints `KEY TAB VALUE...` lines.
set -eu
. ./lib/system-container.sh
. ./lib/list-deployments.sh
. ./lib/runtime-facts.sh
list_deployments "$1"
spec_facts "$2"
if [ -x "$2" ]; then
  "$2" --help 2>&1 | grep -q -e --systemd-cgroup && cgroup=yes || cgroup=no
  "$2" run --help 2>&1 | grep -q -e --pid-file && pid=yes || pid=no
  printf 'runtime\t%s\t%s\n' "$cgroup" "$pid"
  if [ "$4" = yes ]; then
    place=$(mktemp -d /run/kboot.XXXXXX)
    (cd "$place" && "$2" spec --rootless >&2) || true
    printf 'spec\t%s\n' "$(encoded "$place/config.json")"
    rm -rf "$place"
  fi
fi
for unit in $3; do
  if systemctl --quiet is-active "$unit"; then printf 'active\t%s\n' "$unit"; fi
done
while IFS=$tab read -r kind path; do
  if [ "$kind" = file ]; then
    printf 'file\t%s\t%s\n' "$(checksum_of "$path")" "$path"
    continue
  fi
  if [ -L "$path" ]; then
    if [ -d "$path" ]; then state=link-to-directory; else state="link"; fi
  elif [ -d "$path" ]; then
    state=directory
  elif [ -f "$path" ]; then
    state="file"
  elif [ -e "$path" ]; then
    state=other
  else state=absent; fi
  printf 'path\t%s\t%s\n' "$state" "$path"
done
