#!/bin/sh
# Writes standard input into $1 with the mode $2; $3 is its length in bytes, which is compared because a lost
# connection looks like the end of the input. The mode is set before the content comes, and the data is on the
# disk before the name is. Nobody may be there to read the message: without PIPE ignored, saying it would end
# the script before it has cleaned up.
set -eu
umask 022
mkdir -p -- "$(dirname -- "$1")"
temporary=$(mktemp -- "$(dirname -- "$1")/.kboot-XXXXXXXX")
trap 'rm -f -- "$temporary"' EXIT
trap '' PIPE
chmod "$2" "$temporary"
cat > "$temporary"
[ "$(wc -c < "$temporary")" -eq "$3" ] || {
  echo "the content was cut off" >&2
  exit 1
}
sync "$temporary"
mv -fT -- "$temporary" "$1"
trap - EXIT
