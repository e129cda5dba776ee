#!/bin/sh
# Makes the checkout root $root when it is missing. All that is missing of its path comes into being at once,
# by one rename, with a note of what was made: the last uninstall takes just that away again.
# shellcheck disable=SC2154 # the script that includes this sets $root and $store
make_root() {
  if [ -d "$root/.storage" ]; then return; fi
  first=$root/.storage
  while [ ! -d "${first%/*}" ]; do first=${first%/*}; done
  new=${first%/*}/.kboot-new
  rm -rf "$new"
  inside=$new${store#"$first"}
  mkdir -p "$inside"
  chmod 700 "$inside"
  made=$root
  while [ "$made" != "${first%/*}" ] && [ "$first" != "$store" ]; do
    printf '%s\n' "$made" >> "$inside/../.created-directories"
    made=${made%/*}
  done
  mv -T "$new" "$first"
}
