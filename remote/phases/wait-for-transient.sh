#!/bin/sh
# Waits for the end of the unit $1, prints what its program wrote into $2 and exits with its status; with 70
# when it ended without one.
set -eu
tries=0
while [ ! -e "$2.exit" ]; do
  tries=$((tries + 1))
  if [ $((tries % 20)) = 0 ] && ! systemctl is-active --quiet "$1" && [ ! -e "$2.exit" ]; then
    echo "$1 ended without a result" >&2
    exit 70
  fi
  sleep 0.1
done
cat "$2"
exit "$(cat "$2.exit")"
