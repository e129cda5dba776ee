#!/bin/sh
# Takes a container away. $1 checkout root, $2 container, $3 path of its unit, $4 of its tmpfiles, $5 paths of
# units, $6 layers nobody else uses; on standard input the list of host files. In this order it can be
# interrupted and run again. With the last container the checkout root goes as well, as far as an install made
# it.
set -eu
. ./lib/system-container.sh
root=$1 name=$2 unit=$3 tmpfiles=$4
created=$root/.created-directories
has() { [ -e "$root/$name.0/$1" ] || [ -e "$root/$name.1/$1" ]; }

# shellcheck disable=SC2086 # paths of units
switch_off $5
if has "$name.service"; then
  switch_off "$unit"
  rm -f "$unit"
fi
systemctl daemon-reload || true
if has "tmpfiles-$name.conf"; then
  systemd-tmpfiles --remove "$tmpfiles" || true
  rm -f "$tmpfiles"
fi
kept=$(remove_host_files)
if [ -n "$kept" ]; then
  printf '%s\n' "$kept"
  printf '%s\n' "$kept" | sed -n "s/^occupied$tab//p" >> "$created"
fi
systemctl daemon-reload || true
rm -f "$root/$name"
remove_deployment "$root/$name.0"
remove_deployment "$root/$name.1"
rm -rf "$root/.new-$name" "$root/.old-$name".[01] "$root/.switch-$name" "$root"/.storage/.old.*
for layer in $6; do remove_layer "$layer"; done

noted=$(sort -ru "$created" 2> /dev/null || true)
rm -f "$created.new"
if [ -z "$(ls "$root")" ]; then
  # On cgroup v1 systemd removes its own hierarchies only: the runtime's are left.
  rmdir /sys/fs/cgroup/*/system.slice 2> /dev/null || true
  sweep
  rm -rf "$root/.storage" "$created"
  printf '%s\n' "$noted" | while IFS= read -r path; do rmdir "$path" 2> /dev/null || true; done
elif [ -n "$noted" ]; then
  printf '%s\n' "$noted" | while IFS= read -r path; do
    if ! rmdir "$path" 2> /dev/null && [ -d "$path" ]; then printf '%s\n' "$path"; fi
  done > "$created.new"
  mv "$created.new" "$created"
fi
