/**
 * Shell functions of install and uninstall. Lists of host files have lines `CHECKSUM TAB PATH`, children before
 * their parents.
 */
export const SHELL_FUNCTIONS = `
tab=$(printf '\\t')

# Takes away what the list on stdin names and is as it was installed; prints "modified" and "occupied" lines for
# what stays.
remove_host_files() {
  while IFS=$tab read -r sum path; do
    rm -f "\${path%/*}/.kboot-new.\${path##*/}"
    if [ -L "$path" ]; then now=$(readlink -n "$path" | sha256sum)
    elif [ -d "$path" ]; then now=0
    elif [ -f "$path" ]; then now=$(sha256sum < "$path")
    elif [ -e "$path" ]; then now=other
    else continue; fi
    if [ "\${now%% *}" != "$sum" ]; then printf 'modified\\t%s\\n' "$path"
    elif [ "$now" != 0 ]; then rm -f "$path"
    elif ! rmdir "$path" 2> /dev/null; then printf 'occupied\\t%s\\n' "$path"; fi
  done
}

# Stops and disables the units whose files, given by their paths, are there.
switch_off() {
  for file do
    if [ -e "$file" ]; then
      systemctl --quiet disable --now "\${file##*/}" 2> /dev/null || true
      systemctl reset-failed "\${file##*/}" 2> /dev/null || true
    fi
  done
}

is_copy() { [ -f "$1" ] && [ -f "$2" ] && [ "$(sha256sum < "$1")" = "$(sha256sum < "$2")" ]; }

mounts_below() { awk -v below="$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r; }

# Deletes both deployments of a container. What is mounted below them goes first: nothing is deleted through a mount.
remove_deployments() {
  for folder in "$1.0" "$1.1"; do
    mounts_below "$folder" | xargs -r -n 1 umount || true
    if [ -n "$(mounts_below "$folder")" ]; then
      echo "$folder cannot be deleted: something is mounted there" >&2
      return 1
    fi
    rm -rf "$folder"
  done
}

# Copies a file to a place that must be free: the name appears with the whole content, never over another file.
put() {
  new=\${2%/*}/.kboot-new.\${2##*/}
  cp -- "$1" "$new"
  chmod "$3" "$new"
  ln -T -- "$new" "$2"
  rm "$new"
}
`;
