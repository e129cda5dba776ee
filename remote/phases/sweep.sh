#!/bin/sh
# Takes away what a run keeps in the folder $1, but for what belongs to locks.
set -eu
[ -d "$1" ] || exit 0
find "$1" -mindepth 1 -maxdepth 1 ! -name 'lock*' -exec rm -rf {} +
