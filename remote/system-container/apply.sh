#!/bin/sh
# Builds a deployment, or switches to one, or both. $1 checkout root, $2 container, $3 slot of the deployment,
# $4 slot of the active one or ``, $5 what to do: `build`, `switch` or both; $6 path of the unit, $7 of its
# tmpfiles; on standard input an archive of what it needs. A deployment is complete under its name before
# anything is switched to it. The exit status is 75 when the new deployment did not come up and the former one
# is back.
set -eu
. ./lib/system-container.sh
. ./lib/build-deployment.sh
. ./lib/switch-deployment.sh
umask 022
root=$1 name=$2 slot=$3 active=$4 unit=$6 tmpfiles=$7
staging=$root/.new-$name switching=$root/.switch-$name
rm -rf "$staging"
# What is put together is nobody's to look into before its modes are set.
mkdir -m 700 "$staging"
trap 'rm -rf "$staging"' EXIT
trap 'exit 129' HUP INT TERM PIPE
tar -xf - -C "$staging" --no-same-owner
recover
case $5 in *build*) build ;; esac
case $5 in *switch*) switch ;; esac
