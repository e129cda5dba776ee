#!/bin/sh
# Takes `HEX SIZE` lines, each followed by that many bytes, into the folder $1. A blob is written under a
# temporary name; then, while the next one arrives, the file itself is hashed and made durable, and renamed
# when all is right: a name in the folder is always a whole blob, also after a full disk or a power cut. It is
# marked by the variable `$2 NAME=VALUE` as one that reads from the operator: when that side falls silent,
# whoever holds the lock of the machine ends it. dash reads a line byte by byte and `head -c` takes no more
# than its count: nothing of the stream is lost between them.
set -eu
umask 077
# shellcheck disable=SC2163 # the name and its value
export "$2"
mkdir -p "$1"
cd "$1"
rm -f incoming.*
trap 'wait; rm -f incoming.$$.*' EXIT
trap '' PIPE
finish() {
  sum=$(sha256sum < "$2")
  if [ "${sum%% *}" != "$1" ]; then
    echo "blob $1 arrived damaged" >&2
    exit 1
  fi
  sync "$2"
  mv "$2" "$1"
}
jobs=
while read -r hex size; do
  temporary=incoming.$$.$hex
  head -c "$size" > "$temporary"
  if [ "$(stat -c %s "$temporary")" != "$size" ]; then
    echo "blob $hex is cut off: the stream ended" >&2
    exit 1
  fi
  finish "$hex" "$temporary" &
  jobs="$jobs $!"
done
failed=
for job in $jobs; do wait "$job" || failed=yes; done
[ -z "$failed" ]
sync .
