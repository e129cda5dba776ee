#!/bin/sh
# Prints the deployments of the checkout root $1, and `there TAB PATH` for each path on standard input that
# exists.
set -eu
. ./lib/list-deployments.sh
list_deployments "$1"
while IFS= read -r path; do
  if [ -e "$path" ] || [ -L "$path" ]; then printf 'there\t%s\n' "$path"; fi
done
