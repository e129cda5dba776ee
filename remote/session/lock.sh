#!/bin/sh
# Takes the lock of the machine, waits for commands that an earlier holder left running, and keeps the lock
# while something comes on standard input: it dies with the connection, and a connection that only falls
# silent counts as dead. Streams that are left then are ended, but for those in a container on the machine:
# another run works on that. $1 says who holds it, $2 how long to wait in s, $3 how long silence may last in
# s, $4 is what its holder proves by that it is still the holder. The rest are places: $5 the folder, $6 what
# commands that change the machine hold, $7 where the proof is; $8 is the variable `NAME=VALUE` of streams.
# The file is unlinked at the end, so a lock that was won on an unlinked file is tried again.
set -eu
owner=$1 patience=$2 silence=$3 token=$4 run_dir=$5 busy=$6 token_file=$7 mark=$8
umask 077
while :; do
  mkdir -p "$run_dir"
  exec 9>> "$run_dir/lock"
  if ! flock -n 9; then
    echo "held $(cat "$run_dir/lock.owner" 2> /dev/null)"
    exit 0
  fi
  # shellcheck disable=SC3013 # the shells of all servers have -ef
  [ "$run_dir/lock" -ef /proc/self/fd/9 ] && break
done
# shellcheck disable=SC2154 # pid is assigned
trap '
  for pid in $(grep -lzsxF "$mark" /proc/[0-9]*/environ | cut -d/ -f3); do
    if [ "/proc/$pid/ns/pid" -ef /proc/self/ns/pid ]; then kill "$pid" 2>/dev/null || true; fi
  done
  flock -n "$busy" rm -f "$busy" || true
  rm -f "$run_dir/lock.owner" "$token_file" "$run_dir/lock"
  rmdir "$run_dir" 2>/dev/null || true
' EXIT
trap 'exit 0' HUP TERM INT
echo "$owner" > "$run_dir/lock.owner"
echo "$token" > "$token_file"
if flock -w "$patience" "$busy" true; then echo locked; else echo busy; fi
while [ -n "$(timeout "$silence" head -c 1 | od -A n -c)" ]; do :; done
