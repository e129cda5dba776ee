#!/bin/sh
# Runs a container to its end and leaves nothing of it. $1 checkout root, $2 container, $3 runtime, $4 the
# command; on standard input an archive to build it from. The exit status of the program is printed behind its
# output, because a failing script has one too.
set -eu
. ./lib/system-container.sh
. ./lib/build-deployment.sh
umask 022
root=$1 name=$2 runtime=$3
staging=$root/.once-$name
tidy() {
  trap '' HUP INT TERM PIPE
  "$runtime" delete --force "$name" 2> /dev/null || true
  if [ -f "$staging/build/tmpfiles.conf" ]; then
    systemd-tmpfiles --remove "$staging/build/tmpfiles.conf" > /dev/null 2>&1 || true
  fi
  remove_deployment "$staging"
}
if [ -e "$staging" ]; then tidy; fi
mkdir -m 700 "$staging"
trap tidy EXIT
trap 'exit 129' HUP INT TERM PIPE
tar -xf - -C "$staging" --no-same-owner
cd "$staging/build/deployment"
build_rootfs
if [ -f "$staging/build/tmpfiles.conf" ]; then
  systemd-tmpfiles --create "$staging/build/tmpfiles.conf" > /dev/null 2>&1 || true
fi
code=0
sh -c "$4" < /dev/null || code=$?
printf '\nkboot-exit\t%s\n' "$code"
