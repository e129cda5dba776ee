#!/bin/sh
# Takes the rules of the cluster out of each table in one transaction. Tables, and chains of iptables itself,
# that were not there before ($1) and are empty now go as well. $2 is the root filesystem of the kubelet, $3 a
# folder for what is on its way.
set -eu
. ./lib/firewall.sh
. ./lib/undo-rules.sh
before=$1 rootfs=$2 work=$3
[ -d "$rootfs" ] || exit 0
had=$(grep -c ' CNI-HOSTPORT-DNAT$' "$before" 2> /dev/null) || had=${had:-0}
for family in iptables ip6tables; do
  for table in filter nat mangle raw; do
    tool "$family-save" -t "$table" 2> /dev/null | undo_rules "$table" "$had" > "$work/firewall"
    [ -s "$work/firewall" ] && tool "$family-restore" --noflush < "$work/firewall"
    rm -f "$work/firewall"
  done
done
is_empty() {
  awk '$1 ~ /^(table|chain|}|#)$/ || NF == 0 || /^[ \t]*type .*policy accept;$/ { next } { found = 1 } END { exit found }'
}
list | while read -r family table chain; do
  grep -qx "$family $table${chain:+ $chain}" "$before" 2> /dev/null && continue
  case "$table $chain" in
    'kube-proxy ') tool nft delete table "$family" "$table" ;;
    'filter ' | 'nat ' | 'mangle ' | 'raw ')
      if tool nft list table "$family" "$table" | is_empty; then tool nft delete table "$family" "$table"; fi
      ;;
    *' INPUT' | *' FORWARD' | *' OUTPUT' | *' PREROUTING' | *' POSTROUTING')
      case $table in filter | nat | mangle | raw) ;; *) continue ;; esac
      # Its table may be gone already, when that was empty too.
      tool nft list chain "$family" "$table" "$chain" 2> /dev/null > "$work/chain" || continue
      if is_empty < "$work/chain"; then tool nft delete chain "$family" "$table" "$chain"; fi
      ;;
  esac
done
rm -f "$work/chain"
