#!/bin/sh
# Unpacks layers into the store of the checkout root $1; then come folders with blobs. On standard input are
# `HEX FINGERPRINT` lines, each followed by lines ` NAME` for archive members that are left out. Every layer
# is unpacked under a temporary name; one sync makes all of them durable, then they get their names.
set -eu
. ./lib/make-root.sh
. ./lib/clear-damaged.sh
. ./lib/fingerprint.sh
umask 022
root=$1 store=$1/.storage
shift
make_root
for old in "$store"/.new.*; do
  if ! kill -0 "${old##*.}" 2> /dev/null; then rm -rf "$old"; fi
done
temporary=$store/.new.$$
trap 'rm -rf "$temporary"' EXIT
trap 'exit 129' HUP INT TERM
mkdir "$temporary"
lists=$temporary/lists
mkdir "$lists"
while IFS= read -r line; do
  case $line in
    ' '*) printf '%s\n' "${line# }" >> "$lists/$hex" ;;
    *)
      hex=${line% *}
      printf '%s\n' "$line" >> "$lists/layers"
      : > "$lists/$hex"
      ;;
  esac
done
unpack() {
  for place; do if [ -f "$place/$hex" ]; then
    blob=$place/$hex
    break
  fi; done
  if [ -z "${blob-}" ]; then
    echo "Layer not found: $hex.  Please pull the image again" >&2
    exit 1
  fi
  mkdir "$temporary/$hex"
  cd "$temporary/$hex"
  # What is on stdin is never guessed at: a file could be one thing to kboot and another to tar.
  gzip=
  if [ "$(head -c 2 "$blob" | od -A n -t x1)" = ' 1f 8b' ]; then gzip=z; fi
  tar -x"$gzip"pf - --numeric-owner --delay-directory-restore --xattrs --xattrs-include='*' \
    --anchored --no-wildcards -X "$lists/$hex" --no-anchored --wildcards --exclude='.wh.*' < "$blob"
  found=$(fingerprint)
  if [ "${found%% *}" != "$expected" ]; then
    echo "layer $hex was unpacked to other files than it lists" >&2
    exit 1
  fi
}
running=
while read -r hex expected; do
  if [ -d "$store/$hex" ]; then continue; fi
  (unpack "$@") &
  running="$running $!"
done < "$lists/layers"
failed=
for job in $running; do wait "$job" || failed=yes; done
if [ -n "$failed" ]; then
  # Only the first folder holds what kboot sent; another one is containerd's.
  # shellcheck disable=SC2046 # a layer each
  clear_damaged "$1" $(cut -d' ' -f1 "$lists/layers")
  exit 1
fi
if [ -z "$running" ]; then exit 0; fi
sync -f "$store"
rm -rf "$lists"
for layer in "$temporary"/*; do
  place=$store/${layer##*/}
  mv -T "$layer" "$place" || [ -d "$place" ]
done
