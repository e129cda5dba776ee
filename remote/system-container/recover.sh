#!/bin/sh
# Ends a switch that was cut off. $1 checkout root, $2 container, $3 path of its unit, $4 of its tmpfiles.
set -eu
. ./lib/system-container.sh
. ./lib/switch-deployment.sh
umask 022
root=$1 name=$2 unit=$3 tmpfiles=$4
switching=$root/.switch-$name
recover
