#!/bin/sh
# Prints the journal of units. $1 is how many lines, $2 since when or ``; the rest are the units.
set -eu
lines=$1 since=$2
shift 2
for unit; do
  set -- "$@" -u "$unit"
  shift
done
if [ -n "$since" ]; then set -- "$@" "--since=$since"; fi
journalctl --no-pager --output=short-iso --lines="$lines" "$@"
