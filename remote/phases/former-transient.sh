#!/bin/sh
# Says what an earlier run has left of a transient unit. $1 unit, $2 file of its output, $3 marker; the rest
# are paths that a try makes.
set -eu
unit=$1 out=$2 marker=$3
shift 3
if systemctl is-active --quiet "$unit" || { [ -e "$marker" ] && [ -e "$out.exit" ]; }; then
  echo going
  exit 0
fi
for path; do if [ -e "$path" ]; then
  echo left
  exit 0
fi; done
echo none
