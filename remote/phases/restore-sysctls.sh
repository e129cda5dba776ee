#!/bin/sh
# Arguments are pairs of a setting and its former value.
set -eu
while [ $# -gt 0 ]; do
  file=/proc/sys/$(echo "$1" | sed 'y/./\//')
  [ "$(tr '\t' ' ' < "$file" 2> /dev/null)" = "$2" ] || echo "$2" > "$file" 2> /dev/null || true
  shift 2
done
