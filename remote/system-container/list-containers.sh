#!/bin/sh
# $1 is the checkout root. Prints the deployments, then `unit ID STATE CODE STATUS` for each container.
set -eu
. ./lib/list-deployments.sh
root=$1
list_deployments "$root"
shift
for entry in "$root"/*; do
  if [ -L "$entry" ]; then set -- "$@" "${entry##*/}.service"; fi
done
if [ $# -gt 0 ]; then
  systemctl show --property=Id,ActiveState,ExecMainCode,ExecMainStatus "$@" |
    awk -F= '
      function flush() { if ("Id" in v) print "unit\t" v["Id"] "\t" v["ActiveState"] "\t" v["ExecMainCode"] "\t" v["ExecMainStatus"]; delete v }
      /^$/ { flush(); next }
      { v[$1] = $2 }
      END { flush() }'
fi
