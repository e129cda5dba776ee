#!/bin/sh
# Deletes the folder $1, and those above it that it leaves empty.
set -eu
rm -rf "$1"
rmdir -p "${1%/*}" 2> /dev/null || true
