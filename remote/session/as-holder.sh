#!/bin/sh
# Runs a command while $1, what the holder of the lock proves itself by, still stands in the file $2. The exit
# status is 97 when it does not.
set -eu
[ "$(cat "$2" 2> /dev/null)" = "$1" ] || exit 97
shift 2
exec "$@"
