#!/bin/sh
# Lists a checkout root, a line each: `link NAME FOLDER`, `folder NAME INFO CONFIG STATE` with the files in
# base64 or `-` and the state `prepared` or `-`, `layer HEX`, and `interrupted NAME`, separated by tabs.
encoded() { if [ -f "$1" ]; then base64 -w 0 "$1"; else printf -; fi; }
list_deployments() {
  for entry in "$1"/*; do
    base=${entry##*/}
    if [ -L "$entry" ]; then
      target=$(readlink "$entry")
      printf 'link\t%s\t%s\n' "$base" "${target##*/}"
    elif [ -d "$entry" ]; then
      if [ -e "$entry/prepared" ]; then state=prepared; else state=-; fi
      printf 'folder\t%s\t%s\t%s\t%s\n' "$base" "$(encoded "$entry/info")" "$(encoded "$entry/config.json")" $state
    fi
  done
  for entry in "$1"/.storage/*; do
    if [ -d "$entry" ]; then printf 'layer\t%s\n' "${entry##*/}"; fi
  done
  for entry in "$1"/.switch-*; do
    if [ -d "$entry" ]; then printf 'interrupted\t%s\n' "${entry##*/.switch-}"; fi
  done
}
