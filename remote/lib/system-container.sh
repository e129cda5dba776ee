#!/bin/sh
# What all scripts that change system containers share. It expects $root, $name, $unit and $tmpfiles. Lists of
# host files have lines `CHECKSUM TAB PATH`, children before their parents.
# shellcheck disable=SC2154 # the script that includes this sets them

tab=$(printf '\t')

# The SHA-256 of a file's content or of a link's target, 0 for a directory, - for nothing.
checksum_of() {
  if [ -L "$1" ]; then
    set -- "$(readlink -n "$1" | sha256sum)"
  elif [ -d "$1" ]; then
    echo 0
    return 0
  elif [ -f "$1" ]; then
    set -- "$(sha256sum < "$1")"
  elif [ -e "$1" ]; then
    echo other
    return 0
  else
    echo -
    return 0
  fi
  echo "${1%% *}"
}

# Takes away what the list on stdin names and is as it was installed; prints "modified" and "occupied" lines for
# what stays.
remove_host_files() {
  while IFS=$tab read -r sum path; do
    rm -f "${path%/*}/.kboot-new.${path##*/}"
    now=$(checksum_of "$path")
    if [ "$now" = - ]; then continue; fi
    if [ "$now" != "$sum" ]; then
      printf 'modified\t%s\n' "$path"
    elif [ "$now" != 0 ]; then
      rm -f "$path"
    elif ! rmdir "$path" 2> /dev/null; then printf 'occupied\t%s\n' "$path"; fi
  done
}

# Stops and disables the units whose files, given by their paths, are there.
switch_off() {
  for file; do
    if [ -e "$file" ]; then
      systemctl --quiet disable --now "${file##*/}" 2> /dev/null || true
      systemctl reset-failed "${file##*/}" 2> /dev/null || true
    fi
  done
}

is_copy() { [ -f "$1" ] && [ -f "$2" ] && [ "$(sha256sum < "$1")" = "$(sha256sum < "$2")" ]; }

mounts_below() { awk -v below="$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r; }

# Nothing may be deleted through a mount.
unmount_below() {
  mounts_below "$1" | xargs -r -n 1 umount || true
  if [ -n "$(mounts_below "$1")" ]; then
    echo "$1 cannot be deleted: something is mounted there" >&2
    return 1
  fi
}

# Under another name first, which nothing takes for something whole: a deletion can be cut off in the middle.
remove_deployment() {
  if [ ! -e "$1" ]; then return 0; fi
  unmount_below "$1" || return 1
  rm -rf "$root/.old-${1##*/}"
  mv -T "$1" "$root/.old-${1##*/}"
  rm -rf "$root/.old-${1##*/}"
}

remove_layer() {
  if [ ! -e "$root/.storage/$1" ]; then return 0; fi
  rm -rf "$root/.storage/.old.$1"
  mv -T "$root/.storage/$1" "$root/.storage/.old.$1"
  rm -rf "$root/.storage/.old.$1"
}

# Deletes what changes that were cut off have left under hidden names.
sweep() {
  for old in "$root"/.new-* "$root"/.old-* "$root"/.once-*; do
    if [ -e "$old" ]; then
      unmount_below "$old"
      rm -rf "$old"
    fi
  done
  rm -rf "$root"/.link-* "$root"/.storage/.old.*
}

# Removes all of a container that nobody can use: what an install that failed or was cut off has made. $1 is the list
# of its host files, $2 a file with the paths of its units.
take_back() {
  # shellcheck disable=SC2046 # a path each
  switch_off $(cat "$2")
  for folder in "$root/$name.0" "$root/$name.1"; do
    if is_copy "$folder/$name.service" "$unit"; then
      switch_off "$unit"
      rm -f "$unit"
    fi
    if is_copy "$folder/tmpfiles-$name.conf" "$tmpfiles"; then
      systemd-tmpfiles --remove "$tmpfiles" || true
      rm -f "$tmpfiles"
    fi
  done
  for file in "$unit" "$tmpfiles"; do rm -f "${file%/*}/.kboot-new.${file##*/}"; done
  remove_host_files < "$1" > /dev/null
  rm -f "$root/$name"
  remove_deployment "$root/$name.0"
  remove_deployment "$root/$name.1"
  systemctl daemon-reload || true
}
