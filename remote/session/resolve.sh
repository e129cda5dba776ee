#!/bin/sh
# Prints the first IPv4 address that this machine knows for the name $1, or nothing.
set -eu
getent ahostsv4 "$1" 2> /dev/null | awk 'NR == 1 { print $1 }'
