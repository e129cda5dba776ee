#!/bin/sh
# Arguments are directories; those with something in them stay.
set -eu
for dir in "$@"; do rmdir -- "$dir" 2> /dev/null || true; done
