#!/bin/sh
# Reads what /exports of a root filesystem has. $1 is the folder, then come the files of /exports. Prints
# `rootfs PATH FORM`, `file NAME CONTENT` and, for what is below /exports/hostfs, `entry TYPE MODE PATH TARGET
# CHECKSUM CONTENT`, separated by tabs; names and contents are in base64, contents of files of more than 256
# KiB are left out.
set -eu
encode() { printf '%s' "$1" | base64 -w 0; }
if ! dir=$(readlink -e -- "$1"); then
  printf 'missing\n'
  exit 0
fi
shift
if [ -d "$dir/rootfs" ]; then
  rootfs=$(readlink -e -- "$dir/rootfs")
  form=folder
elif [ -d "$dir/usr" ] && [ "${dir##*/}" = rootfs ]; then
  rootfs=$dir
  form=rootfs
else
  printf 'none\n'
  exit 0
fi
printf 'rootfs\t%s\t%s\n' "$(encode "$rootfs")" $form
if [ -d "$rootfs/exports" ] && [ ! -L "$rootfs/exports" ]; then printf 'exports\n'; fi
for file; do
  if [ -f "$rootfs/exports/$file" ] && [ ! -L "$rootfs/exports/$file" ]; then
    printf 'file\t%s\t%s\n' "$file" "$(base64 -w 0 "$rootfs/exports/$file")"
  fi
done
if [ ! -d "$rootfs/exports/hostfs" ] || [ -L "$rootfs/exports/hostfs" ]; then exit 0; fi
cd "$rootfs/exports/hostfs"
find . -mindepth 1 -exec sh -c '
  for path do
    mode=$(stat -c %a "$path") sum=- text=- target=
    if [ -L "$path" ]; then type=link target=$(readlink -n "$path")
    elif [ -d "$path" ]; then type=directory
    elif [ -f "$path" ]; then
      type=file sum=$(sha256sum < "$path"); sum=${sum%% *}
      if [ "$(stat -c %s "$path")" -le 262144 ]; then text=$(base64 -w 0 "$path"); fi
    else continue; fi
    printf "entry\t%s\t%s\t%s\t%s\t%s\t%s\n" $type "$mode" "$(printf %s "${path#.}" | base64 -w 0)" \
      "$(printf %s "$target" | base64 -w 0)." "$sum" "$text."
  done' sh {} +
