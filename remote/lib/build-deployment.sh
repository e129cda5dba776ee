#!/bin/sh
# Makes a deployment out of $staging/build. The old content of the slot goes only when the new one is whole
# and on the disk. Needs system-container.sh.
# shellcheck disable=SC2154 # the script that includes this sets them
# shellcheck disable=SC2103,SC2164 # under set -e

# Puts the layers that the store holds together below $staging/build/deployment/rootfs.
build_rootfs() {
  how=-a
  trial=$root/.storage/.trial.$$
  : > "$trial"
  # A program that may write to its root must not write into the store.
  if ln "$trial" "$staging/trial" 2> /dev/null && [ ! -f "$staging/build/writable" ]; then how=-al; fi
  rm -f "$trial"
  mkdir rootfs
  cd rootfs
  at=0
  while read -r layer; do
    xargs -0 -r rm -rf -- < "$staging/build/remove.$at"
    cp $how "$root/.storage/$layer/." .
    # shellcheck disable=SC2016 # the inner shell expands them
    xargs -0 -r -n 3 sh -c 'chown "$1" "$3" && chmod "$2" "$3"' sh < "$staging/build/keep.$at"
    at=$((at + 1))
  done < "$staging/build/layers"
  # Of an image that only delivers host files, what a rollback has to put back stays.
  if [ -f "$staging/build/no-service" ]; then find . -mindepth 1 -maxdepth 1 ! -name exports -exec rm -rf {} +; fi
  cd ..
}

# Keeps users of the machine from the values in a deployment, $1, and from all of it where the image wants that.
close_off() {
  if [ -f "$staging/build/closed" ]; then chmod 700 "$1"; fi
  chmod 600 "$1/config.json" "$1/info"
}

build() {
  if [ ! -L "$root/$name" ] && { [ -e "$root/$name.0" ] || [ -e "$root/$name.1" ]; }; then
    take_back "$staging/build/leftovers" "$staging/build/leftover-units"
  fi
  cd "$staging/build/deployment"
  if [ -f "$staging/build/remote" ]; then
    ln -sT -- "$(cat "$staging/build/remote")" rootfs
  else build_rootfs; fi
  close_off .
  cd /
  sync "$staging/build/deployment"/*
  sync -f "$root"
  rm -rf "$root/.old-$name".[01]
  remove_deployment "$root/$name.$slot"
  mv -T "$staging/build/deployment" "$root/$name.$slot"
  # Those that an earlier kboot has made open are closed as well.
  for folder in "$root/$name".[01]; do
    if [ -d "$folder" ]; then close_off "$folder" 2> /dev/null || true; fi
  done
}
