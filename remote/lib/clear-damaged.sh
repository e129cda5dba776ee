#!/bin/sh
# For after a failure: deletes those files of `$1 FOLDER $2... HEX` that are not what their names say (a disk
# that was full, a power cut), so that the next run sends them again instead of failing for ever.
clear_damaged() (
  cd "$1" 2> /dev/null || exit 0
  shift
  for name; do
    [ -f "$name" ] || continue
    sum=$(sha256sum < "$name")
    [ "${sum%% *}" = "$name" ] && continue
    rm -f "$name"
    echo "$name had been damaged and is cleared away: the next run sends it again" >&2
  done
)
