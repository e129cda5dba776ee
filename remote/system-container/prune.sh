#!/bin/sh
# $1 is the checkout root; on standard input come paths below it. What an interrupted change left goes as
# well.
set -eu
. ./lib/system-container.sh
root=$1
sweep
while IFS= read -r path; do
  case $path in
    .storage/*) remove_layer "${path#.storage/}" ;;
    *) remove_deployment "$root/$path" ;;
  esac
done
