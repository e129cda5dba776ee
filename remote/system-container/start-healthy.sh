#!/bin/sh
# Starts the service of a container and waits until it is healthy. $1 checkout root, $2 container, $3 slot of
# the active deployment; on standard input an archive with `forward`, as a switch has it. Prints `ended TAB
# HOW` of a service that is not running and has not failed either, and `unchecked TAB PROGRAM` of one that
# runs when the machine does not have the program of the health check, which another container may bring
# later. The exit status is 76 when it did not come up.
set -eu
. ./lib/system-container.sh
. ./lib/switch-deployment.sh
root=$1 name=$2 slot=$3
switching=$(mktemp -d /run/kboot.XXXXXX)
trap 'rm -rf "$switching"' EXIT
trap 'exit 129' HUP INT TERM PIPE
tar -xf - -C "$switching" --no-same-owner
: > "$switching/running"
: > "$switching/units-running"
: > "$switching/said"
date +%s > "$switching/begun"
program=$(tr '\0' '\n' < "$switching/forward/health" | head -n 1)
if [ -n "$program" ] && ! command -v -- "$program" > /dev/null; then
  : > "$switching/forward/health"
else
  program=
fi
code=0
if ! systemctl start "$name.service"; then
  code=1 why="it did not start"
else
  healthy "$switching/forward" "$slot" || code=$?
fi
if [ "$code" = 0 ]; then
  if [ -n "$program" ]; then printf 'unchecked\t%s\n' "$program"; fi
  exit 0
fi
if [ "$code" = 2 ]; then
  how="ended by itself, without an error"
  if [ "$(systemctl show --property=ConditionResult --value "$name.service")" = no ]; then
    how="was not started: a condition of its unit is not met"
  fi
  printf 'ended\t%s\n' "$how"
  exit 0
fi
echo "$name: $why" >&2
last_lines
cat "$switching/said"
exit 76
