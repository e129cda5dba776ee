#!/bin/sh
# $1 is the folder of the state, $2 the ledger in it; the rest are units. The ledger goes last: a reset that
# is cut off before must find it again.
set -eu
state_dir=$1 ledger=$2
shift 2
systemctl daemon-reload
systemctl reset-failed "$@" 2> /dev/null || true
if [ -d "$state_dir" ]; then
  find "$state_dir" -xdev -mindepth 1 -depth ! -path "$ledger" -delete
  rm -f "$ledger"
  rmdir "$state_dir" 2> /dev/null || true
fi
